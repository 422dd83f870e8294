"""The programme's own name, colour, logo and links: pages, panel and messages show them."""

#: The project's own icon among the static files.
OWN_ICON = "web/icon.svg"
#: Content types of a logo by the ending of its file.
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
