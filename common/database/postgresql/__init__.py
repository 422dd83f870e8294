"""Django's PostgreSQL backend, whose patience with the server has an end."""
