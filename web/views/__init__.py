"""The pages: a view translates a request to a rule of `users`, and its refusal to a page."""
