"""Telling a database that can't do its work at the moment from a defect of ours."""

import logging
from typing import Self, TypeGuard

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException

logger = logging.getLogger(__name__)

#: SQLSTATE classes and codes (PostgreSQL, appendix A) that pass without a change of ours.
_PASSING_SQLSTATES = (
    "08",  # connection exception
    "53",  # insufficient resources: connections, memory, disk
    "57P0",  # shut down, crashed, starting
    "57014",  # cancelled: it took too long
    "55P03",  # a lock was not to be had
    "40001",  # serialization failure
    "40P01",  # deadlock
    "25006",  # read-only: a standby that has not taken over yet
    "25P03",  # a transaction was left idle for too long
)
#: Result codes of SQLite (https://sqlite.org/rescode.html): busy, locked, read-only, disk error, full, can't open.
_PASSING_SQLITE_CODES = {5, 6, 8, 10, 13, 14}


class ServiceUnavailable(APIException):
    """The database is out of reach. Nothing is wrong with the request: `wait` seconds later it may well succeed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "service_unavailable"
    default_detail = _("The service is out of order for a moment. Nothing is lost; please try again.")
    wait = 5

    @classmethod
    def because_of(cls, failure: BaseException) -> Self:
        """Tell the operator what the client need not know."""
        logger.error("The database is out of reach: %s", str(failure).strip())
        return cls()


def is_outage(exception: BaseException | None) -> TypeGuard[DatabaseError | InterfaceError]:
    """Whether the same request may succeed later, without a change of ours or of the request."""
    if not isinstance(exception, DatabaseError | InterfaceError):
        return False
    cause = exception.__cause__
    if sqlstate := getattr(cause, "pgcode", None):
        return str(sqlstate).startswith(_PASSING_SQLSTATES)
    if code := getattr(cause, "sqlite_errorcode", None):
        return code & 0xFF in _PASSING_SQLITE_CODES
    # No server has spoken: none was reached, or the connection broke.
    is_plain = cause is not None and type(exception) in (OperationalError, DatabaseError)
    return is_plain or "connection already closed" in str(exception)
