"""Logging: JSON outside DEBUG, plain text in DEBUG, secrets masked in both."""

import logging
from collections.abc import Collection
from typing import Any

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

from common.observability import request_id
from common.observability.masking import HIDDEN, is_secret, masker

#: Libraries that log SQL, messages and URLs in full at level DEBUG; kept at INFO or above for every LOG_LEVEL.
VERBOSE_LIBRARIES = (
    "amqp",
    "asyncio",
    "celery",
    "django",
    "django.db.backends",
    "kombu",
    "redis",
    "requests",
    "urllib3",
)
_PLAIN = str | int | float | None


def configuration(*, debug: bool, level: str, code_lengths: Collection[int]) -> dict[str, Any]:
    """Return the setting LOGGING. `code_lengths`: digits that a confirmation code may have, to mask it."""
    lines = ReadableLines if debug else JSONLines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": lines, "code_lengths": code_lengths}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
        # No handlers besides the root's: Django's default one would print every line twice.
        "loggers": {
            name: {"handlers": [], "level": max(logging.INFO, logging.getLevelName(level))}
            for name in VERBOSE_LIBRARIES
        }
        | {
            # RequestMiddleware logs every request; from these only errors are needed.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            # "Task received" lines; the result is logged anyway.
            "celery.worker.strategy": {"level": "WARNING"},
            # Logs messages, phone numbers and parts of URLs with passwords; users.sms logs failures.
            "apprise": {"level": "CRITICAL"},
            # Logs each start and each successful sign-in at INFO.
            "axes": {"level": "WARNING"},
        },
    }


class JSONLines(JsonFormatter):
    """One JSON object per line, in ASCII, which prevents log injection.

    Only plain values of `extra` are logged: objects hold requests, bodies and task arguments.
    """

    def __init__(self, *, code_lengths: Collection[int]) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception", "stack_info": "stack"},
            timestamp="time",
        )
        self._mask = masker(code_lengths=code_lengths)

    def process_log_record(self, log_data: LogData) -> LogData:
        time = log_data.pop("time").isoformat()
        shown = {name: self._hide(name, value) for name, value in log_data.items() if isinstance(value, _PLAIN)}
        return {"time": time, **shown, "request_id": request_id.current()}

    def _hide(self, name: str, value: Any) -> Any:
        if is_secret(name):
            return HIDDEN
        return self._mask(value) if isinstance(value, str) else value


class ReadableLines(logging.Formatter):
    def __init__(self, *, code_lengths: Collection[int]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        self._mask = masker(code_lengths=code_lengths)

    def format(self, record: logging.LogRecord) -> str:
        return self._mask(super().format(record))
