"""The id of a request: in each of its log lines, in its answer, and in those of the tasks it leaves behind."""

import re
import uuid
from contextvars import ContextVar
from typing import Any

HEADER = "X-Request-ID"

_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")


def current() -> str | None:
    """The id of the request, or of the request that left the task, at work here."""
    return _current.get()


def begin(claimed: str | None = None) -> str:
    """Take over an id that somebody else gave if it is well-formed, or make a new one."""
    request_id = claimed if claimed and _WELL_FORMED.fullmatch(claimed) else uuid.uuid4().hex
    _current.set(request_id)
    return request_id


def end() -> None:
    _current.set(None)


# A task carries the id of the request that left it. These are receivers of Celery's signals.


def send_along(headers: dict[str, Any], **_kwargs: Any) -> None:
    # Whoever hands out what others have asked for names their request.
    headers["request_id"] = headers.get("request_id") or current()


def begin_task(task: Any, **_kwargs: Any) -> None:
    if not task.request.is_eager:
        begin(task.request.get("request_id"))


def end_task(task: Any, **_kwargs: Any) -> None:
    if not task.request.is_eager:
        end()
