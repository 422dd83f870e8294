"""The environment that all settings are read from, and the two switches that the others depend on."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)
# Required outside DEBUG: a default key would be public.
SECRET_KEY = env.str("SECRET_KEY", default="django-insecure-only-for-a-laptop") if DEBUG else env.str("SECRET_KEY")
# Former keys: what they signed is still read. See docs/operations.md.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
