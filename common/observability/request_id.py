"""Request ids: in log lines, in responses, and passed on to Celery tasks."""

import re
import uuid
from contextvars import ContextVar
from typing import Any

HEADER = "X-Request-ID"

_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")


def current() -> str | None:
    """Return the id of the current request, or of the request that queued the current task."""
    return _current.get()


def begin(claimed: str | None = None) -> str:
    """Use the claimed id if it is well-formed; otherwise make a new one."""
    request_id = claimed if claimed and _WELL_FORMED.fullmatch(claimed) else uuid.uuid4().hex
    _current.set(request_id)
    return request_id


def end() -> None:
    _current.set(None)


# Receivers of Celery's signals.


def send_along(headers: dict[str, Any], **_kwargs: Any) -> None:
    # An id set by the sender wins: `dispatch` queues messages of other requests.
    headers["request_id"] = headers.get("request_id") or current()


def begin_task(task: Any, **_kwargs: Any) -> None:
    if not task.request.is_eager:
        begin(task.request.get("request_id"))


def end_task(task: Any, **_kwargs: Any) -> None:
    if not task.request.is_eager:
        end()
