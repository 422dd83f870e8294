"""Prefixes of paths, known in one place; the root URLs, the settings and the middleware use them."""

ADMIN = "/admin/"
API = "/api/"
IMPORT = f"{API}users/import/"
HEALTH = "/health/"
SWAGGER = f"{API}schema/swagger-ui/"
REDOC = f"{API}schema/redoc/"
# Where programs look for it (RFC 8615).
JWKS = "/.well-known/jwks.json"
