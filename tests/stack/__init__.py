"""The stack as deployed, in separate processes, of which each is killed, frozen, stopped, replaced or overloaded."""
