"""The WSGI entry point: `gunicorn referral_project.wsgi`."""

import logging
import os
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from common.http.chunked_bodies import read_chunked_body

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")


class UTF8Request(WSGIRequest):
    """Decodes URLs and bodies as UTF-8 and ignores the `charset` of the request.

    Django would apply it: `charset=rot13` raises before any middleware runs, `charset=utf-7` can produce a lone
    surrogate, which the database rejects.
    """

    @property
    def encoding(self) -> str:
        return "utf-8"

    @encoding.setter
    def encoding(self, claimed: Any) -> None:
        pass


class Handler(WSGIHandler):
    request_class = UTF8Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        read_chunked_body(environ)
        return super().__call__(environ, start_response)


logging.captureWarnings(True)
django.setup(set_prefix=False)
application = Handler()
if not settings.DEBUG:
    # Before the first request, and with Gunicorn before the fork: all processes share it.
    from api.views import openapi

    openapi.generate()
