"""Request bodies: JSON of limited size."""

import codecs
import io
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import parsers, status
from rest_framework.exceptions import APIException, ParseError


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"

    def __init__(self, limit: int | None = None) -> None:
        limit = limit or settings.API_MAX_BODY_BYTES
        super().__init__(_("The body is larger than %(limit)d bytes.") % {"limit": limit})


class FormParser(parsers.FormParser):
    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Parse a form (`application/x-www-form-urlencoded`). Raises `BodyTooLarge`."""
        return super().parse(
            io.BytesIO(_limited(stream, settings.API_MAX_BODY_BYTES)), media_type, dict(parser_context or {})
        )


class JSONParser(parsers.JSONParser):
    @property
    def limit(self) -> int:
        return int(settings.API_MAX_BODY_BYTES)

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Parse a JSON body (RFC 8259). Raises `BodyTooLarge` or `ParseError`."""
        body = _limited(stream, self.limit)
        # Some clients write a byte order mark, which a reader may ignore (RFC 8259, section 8.1).
        body = body.removeprefix(codecs.BOM_UTF8)
        try:
            data = super().parse(io.BytesIO(body), media_type, dict(parser_context or {}))
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        # A lone surrogate is valid JSON but can't be encoded as UTF-8: neither stored nor echoed in an error.
        if b"\\u" in body and not _is_text(data):
            raise ParseError(_("The JSON contains half of a surrogate pair."))
        return data


class ImportParser(JSONParser):
    @property
    def limit(self) -> int:
        return int(settings.API_MAX_IMPORT_BODY_BYTES)


def _limited(stream: IO[Any], limit: int) -> bytes:
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge(limit)
    return body


def _is_text(data: Any) -> bool:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
