"""What people are shown of their open sessions, of every kind; ending one of them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from knox.models import AuthToken
from rest_framework_simplejwt.settings import api_settings

from common.database import sql
from common.http.client_ip import client_ip_hint, client_ip_of
from users.models import JWTFamily, User, UserSession
from users.models.sessions import USER_AGENT_MAX_LENGTH

Kind = UserSession.Kind

_SEEN = """
    ON CONFLICT (credential) DO UPDATE SET last_used_on = excluded.last_used_on,
        address_hint = excluded.address_hint, expires_at = excluded.expires_at
"""


@dataclass(frozen=True)
class Device:
    """What a request says about the device that it comes from."""

    #: The name that a program gave it, "" without one.
    name: str = ""
    user_agent: str = ""
    address_hint: str = ""


UNKNOWN_DEVICE = Device()


def device_of(request: HttpRequest, *, name: str = "", client_ip: str = "") -> Device:
    """Read a request; `client_ip`: that of the client whose sign-in a service passes on."""
    user_agent = request.META.get("HTTP_USER_AGENT", "").replace("\0", "")
    return Device(name, user_agent[:USER_AGENT_MAX_LENGTH], client_ip_hint(client_ip or client_ip_of(request)))


@dataclass(frozen=True)
class CurrentSession:
    """The session that a request came with. `credential`: as `UserSession` has it."""

    kind: UserSession.Kind
    credential: str = field(repr=False)


def row_of(
    session: CurrentSession,
    *,
    user_id: int,
    device: Device,
    expires_at: datetime,
    opened_at: datetime | None = None,
) -> UserSession:
    now = timezone.now()
    return UserSession(
        user_id=user_id,
        kind=session.kind.value,
        credential=session.credential,
        device=device.name,
        user_agent=device.user_agent,
        address_hint=device.address_hint,
        created_at=opened_at or now,
        last_used_on=now.date(),
        expires_at=expires_at,
    )


def record(session: CurrentSession, *, user_id: int, device: Device, expires_at: datetime, opened_at: datetime) -> None:
    """Write down that a session was opened, or is used for the first time today."""
    row = row_of(session, user_id=user_id, device=device, expires_at=expires_at, opened_at=opened_at)
    sql.insert(row, on_conflict=_SEEN)


def of(user: User) -> QuerySet[UserSession]:
    """Return the open sessions of a user, newest first, in one query.

    A session that a release without this table ended has its row until it expires: it is left out.
    """
    is_there = (
        Q(Exists(AuthToken.objects.filter(digest=OuterRef("credential"))), kind=Kind.TOKEN)
        | Q(Exists(Session.objects.filter(session_key=OuterRef("credential"))), kind=Kind.WEB)
        | Q(kind=Kind.JWT)
    )
    mine = UserSession.objects.filter(is_there, user=user, expires_at__gt=timezone.now())
    return mine.order_by("-created_at", "-id")


def find(session: CurrentSession) -> UserSession | None:
    return UserSession.objects.filter(credential=session.credential).first()


@transaction.atomic
def end(session: UserSession) -> None:
    """End a session. An access token that it has been given lives until it expires."""
    if session.kind == Kind.TOKEN:
        AuthToken.objects.filter(digest=session.credential).delete()
    elif session.kind == Kind.WEB:
        Session.objects.filter(session_key=session.credential).delete()
    else:
        _end_family(UUID(session.credential), session.user_id)
    forget(session.credential)


def forget(credential: str) -> None:
    """Delete the row of a session that has ended."""
    UserSession.objects.filter(credential=credential).delete()


def expired() -> QuerySet[UserSession]:
    return UserSession.objects.filter(expires_at__lt=timezone.now())


def _end_family(family: UUID, user_id: int) -> None:
    # A renewal holds this lock while it writes the row.
    User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    change_family(family, user_id=user_id, ended_at=timezone.now())


def change_family(family: UUID, *, user_id: int, **changes: Any) -> None:
    """Change what is stored of a family of refresh tokens, which has no row before its first renewal."""
    now = timezone.now()
    never_renewed = {"current": family, "renewed_at": now, "expires_at": now + api_settings.REFRESH_TOKEN_LIFETIME}
    JWTFamily.objects.update_or_create(
        pk=family, user_id=user_id, defaults=changes, create_defaults={**changes, **never_renewed}
    )
