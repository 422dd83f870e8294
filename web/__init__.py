"""The small web interface: pages that work without JavaScript. Every rule is in `users`."""
