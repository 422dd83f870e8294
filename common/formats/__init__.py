"""Dates and times as pages and panel show them, by language (FORMAT_MODULE_PATH)."""
