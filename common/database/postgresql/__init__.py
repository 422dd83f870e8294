"""Django's PostgreSQL backend, with a time-out for every wait."""
