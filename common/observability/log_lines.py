"""How log lines look: JSON outside of DEBUG, readable on a laptop, without secrets everywhere."""

import logging
from typing import Any

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

from common.observability import request_id
from common.observability.masking import HIDDEN, is_secret, masker

#: Libraries that print SQL, messages and addresses with all they contain at DEBUG, whatever LOG_LEVEL is.
TALKATIVE = ("amqp", "asyncio", "celery", "django", "django.db.backends", "kombu", "redis", "requests", "urllib3")
_PLAIN = str | int | float | None


def configuration(*, debug: bool, level: str, code_length: int) -> dict[str, Any]:
    """Return the setting LOGGING; `code_length` tells how many digits in a row may be a confirmation code."""
    lines = ReadableLines if debug else JSONLines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": lines, "code_length": code_length}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
        # Through the root handler only: Django's own one would print everything twice.
        "loggers": {
            name: {"handlers": [], "level": max(logging.INFO, logging.getLevelName(level))} for name in TALKATIVE
        }
        | {
            # The middleware has a line for every request; of these, only what breaks is news.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            # That a task has been received says no more than what became of it.
            "celery.worker.strategy": {"level": "WARNING"},
            # It writes whole messages, numbers and parts of addresses, passwords included; users.sms tells what failed.
            "apprise": {"level": "CRITICAL"},
            # It tells every start and every sign-in that went well.
            "axes": {"level": "WARNING"},
        },
    }


class JSONLines(JsonFormatter):
    """One JSON object a line, in ASCII, so that nothing in it can begin another line.

    Of `extra`, plain values are shown and objects left out: they hold requests, bodies and arguments of tasks.
    """

    def __init__(self, *, code_length: int) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception", "stack_info": "stack"},
            timestamp="time",
        )
        self._mask = masker(code_length=code_length)

    def process_log_record(self, log_data: LogData) -> LogData:
        time = log_data.pop("time").isoformat()
        shown = {name: self._hide(name, value) for name, value in log_data.items() if isinstance(value, _PLAIN)}
        return {"time": time, **shown, "request_id": request_id.current()}

    def _hide(self, name: str, value: Any) -> Any:
        if is_secret(name):
            return HIDDEN
        return self._mask(value) if isinstance(value, str) else value


class ReadableLines(logging.Formatter):
    def __init__(self, *, code_length: int) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        self._mask = masker(code_length=code_length)

    def format(self, record: logging.LogRecord) -> str:
        return self._mask(super().format(record))
