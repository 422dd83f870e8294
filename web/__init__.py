"""The web interface: pages that work without JavaScript. The rules are in `users`."""
