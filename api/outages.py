"""Database outages (503) as opposed to defects (500)."""

import logging
from typing import Self, TypeGuard

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException

logger = logging.getLogger(__name__)

#: Transient SQLSTATE classes and codes (PostgreSQL, appendix A).
_TRANSIENT_SQLSTATES = (
    "08",  # connection exception
    "53",  # insufficient resources: connections, memory, disk
    "57P0",  # shut down, crashed, starting
    "57014",  # query cancelled, as by a timeout
    "55P03",  # lock not available
    "40001",  # serialization failure
    "40P01",  # deadlock
    "25006",  # read-only transaction: a standby during failover
    "25P03",  # idle-in-transaction timeout
)
#: Result codes of SQLite (https://sqlite.org/rescode.html): busy, locked, read-only, disk error, full, can't open.
_TRANSIENT_SQLITE_CODES = {5, 6, 8, 10, 13, 14}


class ServiceUnavailable(APIException):
    """The database is unavailable; the same request may succeed after `wait` seconds."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "service_unavailable"
    default_detail = _("The service is out of order for a moment. Nothing is lost; please try again.")
    wait = 5

    @classmethod
    def because_of(cls, failure: BaseException) -> Self:
        """Log the cause, which the client doesn't get to see."""
        logger.error("The database is out of reach: %s", str(failure).strip())
        return cls()


def is_outage(exception: BaseException | None) -> TypeGuard[DatabaseError | InterfaceError]:
    """True if the same request may succeed later."""
    if not isinstance(exception, DatabaseError | InterfaceError):
        return False
    cause = exception.__cause__
    if sqlstate := getattr(cause, "pgcode", None):
        return str(sqlstate).startswith(_TRANSIENT_SQLSTATES)
    if code := getattr(cause, "sqlite_errorcode", None):
        return code & 0xFF in _TRANSIENT_SQLITE_CODES
    # No error code from the server: it was not reached, or the connection broke.
    is_plain = cause is not None and type(exception) in (OperationalError, DatabaseError)
    return is_plain or "connection already closed" in str(exception)
