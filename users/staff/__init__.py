"""What staff do to people, and what they read about one."""
