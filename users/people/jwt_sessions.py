"""JWT sessions: pairs of an access and a refresh token. The refresh tokens of one sign-in are a family.

A refresh token works once. Used again within `GRACE` it gives the same successor, for two tabs or a lost answer. Used
again later it counts as copied, and the whole family ends (RFC 9700, section 4.14.2). A family is one row, however
often it is renewed: the successor is computed from the row, not stored.
"""

import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from users import audit
from users.models import JWTFamily, User
from users.people import jwt_keys, open_sessions
from users.people.open_sessions import UNKNOWN_DEVICE, CurrentSession, Device, Kind
from users.people.sessions import earliest_expiry
from users.refusals import SessionEnded

EPOCH_CLAIM = "epoch"
#: The family, and so the session (OpenID Connect Front-Channel Logout 1.0, section 3).
FAMILY_CLAIM = "sid"
#: How long a used refresh token gives the same successor again.
GRACE = timedelta(seconds=10)


class RefreshToken(tokens.RefreshToken):
    def check_blacklist(self) -> None:
        """Ask nothing: the row of the family knows which token is void."""

    @property
    def access_token(self) -> tokens.AccessToken:
        access = super().access_token
        access["aud"] = jwt_keys.audience_of_access()
        return access

    @property
    def owner(self) -> dict[str, Any]:
        """Return the column and the value that find the user."""
        return {api_settings.USER_ID_FIELD: self.payload[api_settings.USER_ID_CLAIM]}

    @property
    def jti(self) -> uuid.UUID:
        return uuid.UUID(self.payload[api_settings.JTI_CLAIM])

    @property
    def family(self) -> uuid.UUID:
        return uuid.UUID(self.payload[FAMILY_CLAIM])


class FormerRefreshToken(RefreshToken):
    """A refresh token of the last release, by HS256: exchanged until the end of JWT_FORMER_REFRESH_UNTIL (UTC)."""

    _token_backend = jwt_keys.FormerKeys(jwt_keys.FORMER_ALGORITHM, leeway=api_settings.LEEWAY)

    def verify(self) -> None:
        super().verify()
        until = settings.JWT_FORMER_REFRESH_UNTIL
        if until is None or timezone.now().date() > until:
            raise TokenError
        # One of the release before that has no family; that release listed voided tokens instead.
        self.payload[FAMILY_CLAIM] = self.payload.pop("family", self.jti.hex)

    @property
    def owner(self) -> dict[str, Any]:
        return {"pk": self.payload["user_id"]}

    def check_blacklist(self) -> None:
        if "family" not in self.payload:
            tokens.RefreshToken.check_blacklist(self)


def open_jwt_session(user: User, device: Device = UNKNOWN_DEVICE) -> RefreshToken:
    """Return a refresh token (RFC 7519); its `access_token` completes the pair. Neither is stored.

    Call it in the transaction of the sign-in, which holds the row of the user.
    """
    first, now = uuid.uuid4(), timezone.now()
    _record_use(first, user, device, opened_at=now)
    return _issue(user, family=first, jti=first, at=now)


def renew_jwt_session(refresh_token: str, *, client_ip: str, device: Device) -> RefreshToken:
    """Exchange a refresh token for its successor. Raises `SessionEnded`."""
    used = _read(refresh_token)
    with transaction.atomic():
        family = _locked_family(used)
        renewed_before = family.renewed_at
        if successor := _use(family, used, client_ip):
            family.save()
            if renewed_before is None or renewed_before.date() != family.renewed_at.date():
                _record_use(family.pk, family.user, device, opened_at=_issued_at(used))
            return _issue(family.user, family=family.pk, jti=successor, at=family.renewed_at)
    raise SessionEnded  # outside of the block, which would roll back the end of the family


def end_jwt_session(refresh_token: str, *, client_ip: str) -> None:
    """End the family of a refresh token. Raises `SessionEnded` if it had ended, or if the token was used before."""
    used = _read(refresh_token)
    with transaction.atomic():
        family = _locked_family(used)
        if _use(family, used, client_ip):
            _end(family)
            return
    raise SessionEnded


def keep_jwt_session(family: uuid.UUID, *, user: User) -> None:
    """Let a session go on after the others of `user` ended: its refresh token gives a new pair, its access token ended.

    Call it in the transaction that ends the others.
    """
    open_sessions.change_family(family, user_id=user.pk, session_epoch=user.session_epoch)


def forget_voided_jwts(*, user: User) -> None:
    """Delete the JWTs of an earlier release that a user who is being erased voided; the deletion only detaches them."""
    OutstandingToken.objects.filter(user=user).delete()


def expired_jwt_sessions() -> QuerySet[JWTFamily]:
    return JWTFamily.objects.filter(expires_at__lt=earliest_expiry())


def expired_voided_jwts() -> QuerySet[OutstandingToken]:
    """Return the expired tokens among those that an earlier release voided; their blacklist rows cascade."""
    return OutstandingToken.objects.filter(expires_at__lt=earliest_expiry())


def _issue(user: User, *, family: uuid.UUID, jti: uuid.UUID, at: datetime) -> RefreshToken:
    """Return the refresh token with these claims: the same text whenever they are the same."""
    refresh = RefreshToken()
    refresh["aud"] = jwt_keys.audience_of_refresh()
    refresh[api_settings.JTI_CLAIM] = jti.hex
    refresh.set_iat(at_time=at)
    refresh.set_exp(from_time=at)
    refresh[api_settings.USER_ID_CLAIM] = str(user.public_id)
    refresh[EPOCH_CLAIM] = user.session_epoch
    refresh[FAMILY_CLAIM] = family.hex
    return refresh


def _read(refresh_token: str) -> RefreshToken:
    for kind in (RefreshToken, FormerRefreshToken):
        with suppress(TokenError):
            return kind(refresh_token)  # type: ignore[arg-type]
    raise SessionEnded


def _locked_family(used: RefreshToken) -> JWTFamily:
    """Return the family of a token, unsaved if this is its first use. Raises `SessionEnded`."""
    # The lock of the user's row serializes the uses of a token, and waits for an erasure.
    users = User.objects.select_for_update(no_key=True).filter(is_active=True)
    user = users.filter(**used.owner).first()
    if user is None:
        raise SessionEnded
    family = JWTFamily.objects.filter(pk=used.family, user_id=user.pk).first()
    family = family or JWTFamily(pk=used.family, current=used.jti)
    family.user = user
    if family.ended_at or user.session_epoch not in (used.get(EPOCH_CLAIM), family.session_epoch):
        raise SessionEnded
    return family


def _use(family: JWTFamily, used: RefreshToken, client_ip: str) -> uuid.UUID | None:
    """Return the `jti` of the successor; None for a token that was used before: then end the family."""
    now = timezone.now()
    if used.jti == family.current:
        family.previous, family.current = used.jti, uuid.uuid4()
        family.renewed_at, family.expires_at = now, now + api_settings.REFRESH_TOKEN_LIFETIME
    elif used.jti != family.previous or now - family.renewed_at > GRACE:
        _end(family)
        audit.record_incident(person=family.user, action=audit.Action.TOKEN_REUSED, client_ip=client_ip)
        return None
    return family.current


def _end(family: JWTFamily) -> None:
    family.ended_at = timezone.now()
    family.save()
    open_sessions.forget(family.pk.hex)


def _issued_at(token: RefreshToken) -> datetime:
    """Return when a token was issued (UTC): for one of an early release, the earliest time that is possible."""
    lifetime = api_settings.REFRESH_TOKEN_LIFETIME.total_seconds()
    return datetime.fromtimestamp(token.get("iat", token["exp"] - lifetime), UTC)


def _record_use(family: uuid.UUID, user: User, device: Device, *, opened_at: datetime) -> None:
    # A day more than the newest token lives: the row is written once a day.
    expires_at = timezone.now() + api_settings.REFRESH_TOKEN_LIFETIME + timedelta(days=1)
    session = CurrentSession(Kind.JWT, family.hex)
    open_sessions.record(session, user_id=user.pk, device=device, expires_at=expires_at, opened_at=opened_at)
