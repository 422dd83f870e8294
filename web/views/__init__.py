"""Views of the pages: they call the rules in `users` and show refusals."""
