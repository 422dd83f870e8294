"""The WSGI entry point: `gunicorn referral_project.wsgi`."""

import logging
import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")


class UTF8Request(WSGIRequest):
    """Reads addresses and bodies as UTF-8, whatever `charset` the request claims.

    Django would obey: `charset=rot13` breaks it before any middleware runs, `charset=utf-7` smuggles in half of a
    surrogate pair, which no database takes.
    """

    @property
    def encoding(self) -> str:
        return "utf-8"

    @encoding.setter
    def encoding(self, claimed: Any) -> None:
        pass


class Handler(WSGIHandler):
    request_class = UTF8Request


logging.captureWarnings(True)
django.setup(set_prefix=False)
application = Handler()
