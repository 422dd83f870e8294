"""Bodies that are sent in chunks (RFC 9112, section 7.1): no header has their length, so Django would read nothing."""

import io
import re
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import LimitedStream

from common.http import paths

_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?\r?\n")
_LONGEST_LINE = 4_096


def read_chunked_body(environ: dict[str, Any]) -> None:
    """Read the body of a WSGI request if it comes in chunks, and set its length, which Django reads.

    One byte more than the limit is kept of a body that is too long, so that it is refused as others are. A body that
    breaks off gets a length that it does not have, as a truncated one.
    """
    if environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() != "chunked" or environ.get("CONTENT_LENGTH"):
        return
    path = environ.get("PATH_INFO", "")
    limit = settings.API_MAX_BODY_BYTES if path.startswith(paths.API) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    limit = settings.API_MAX_IMPORT_BODY_BYTES if path == paths.IMPORT else limit
    stream = environ["wsgi.input"]
    # Gunicorn removes the chunks' sizes; Django's development server passes the bytes of the connection on.
    parts = _parts(stream) if environ.get("wsgi.input_terminated") else _chunks(stream)
    body, missing = bytearray(), 0
    try:
        while len(body) <= limit and (part := next(parts, b"")):
            body += part
    except (OSError, ValueError):  # the client is gone, or these are no chunks
        missing = 1
    environ["wsgi.input"] = io.BytesIO(body[: limit + 1])
    environ["CONTENT_LENGTH"] = str(min(len(body) + missing, limit + 1))


def _parts(stream: Any) -> Iterator[bytes]:
    while part := stream.read(8_192):
        yield part


def _chunks(stream: LimitedStream) -> Iterator[bytes]:
    # The development server lets nothing be read without a Content-Length.
    stream.limit = sys.maxsize
    try:
        while size := _size_of_chunk(stream):
            while size and (part := stream.read(min(size, 8_192))):
                size -= len(part)
                yield part
            stream.readline(_LONGEST_LINE)
        while stream.readline(_LONGEST_LINE).strip():  # trailers
            pass
    finally:
        stream.limit = 0


def _size_of_chunk(stream: LimitedStream) -> int:
    size = _SIZE.fullmatch(stream.readline(_LONGEST_LINE))
    if size is None:
        raise ValueError
    return int(size[1], 16)
