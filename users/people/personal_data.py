"""Everything that is kept about a person, for them to take along (GDPR, articles 15 and 20)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from axes.models import AccessAttempt
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from knox.models import AuthToken

from users.models import AuditRecord, ConfirmationCode, Delivery, SignInAttempt, User

_ROWS_AT_ONCE = 2_000


def download(user: User) -> StreamingHttpResponse:
    """Answer with a JSON document while it is read from the database."""
    filename = f"personal-data-{timezone.now():%Y-%m-%d}.json"
    return StreamingHttpResponse(
        document(user),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )


def document(user: User) -> Iterator[str]:
    """Yield the text of a JSON document in pieces: one query for each list in it, however long, in constant memory.

    Secrets are left out: of tokens and codes, only when they were made. So is who invited this person: it is shown to
    nobody whom somebody invited.
    """
    yield f'{{"exported_at": {_json(timezone.now())},\n"profile": {_json(_profile(user))}'
    for name, rows in _lists(user).items():
        yield f',\n"{name}": ['
        yield from _pieces(rows)
        yield "]"
    yield "}\n"


def _profile(user: User) -> dict[str, Any]:
    return {
        "phone_number": user.phone_number,
        "username": user.username,
        "referral_code": user.referral_code,
        "used_referral_code": user.used_referral_code,
        "activated_at": user.invitation.activated_at if hasattr(user, "invitation") else None,
        "referrals_count": user.referrals_count,
        "registered_at": user.registered_at,
        "last_login": user.last_login,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
    }


def _lists(user: User) -> Mapping[str, QuerySet[Any, Any]]:
    phone_number = user.phone_number
    referrals = user.referrals.order_by("-activated_at", "-id").annotate(phone_number=F("invited__phone_number"))
    attempts = SignInAttempt.objects.filter(phone_number=phone_number)
    messages = Delivery.objects.filter(phone_number=phone_number)
    codes = ConfirmationCode.objects.filter(phone_number=phone_number)
    sessions: QuerySet[AuthToken] = AuthToken.objects.filter(user=user).order_by("created")
    passwords: QuerySet[AccessAttempt] = AccessAttempt.objects.filter(username=phone_number)
    return {
        "referrals": referrals.values("phone_number", "activated_at"),
        "sessions": sessions.values(created_at=F("created"), expires_at=F("expiry")),
        "sign_in_attempts": attempts.values("at", "succeeded"),
        "wrong_passwords": passwords.values(at=F("attempt_time")),
        "confirmation_codes": codes.values("username", "issued_at", "expires_at", "used_at", "wrong_tries"),
        "messages": messages.values("created_at", "state", "channel", "finished_at"),
        "actions_of_staff": AuditRecord.objects.filter(person=user).values("at", "action"),
    }


def _pieces(rows: QuerySet[Any, Any]) -> Iterator[str]:
    separator = "\n"
    for row in rows.iterator(chunk_size=_ROWS_AT_ONCE):
        yield separator + _json(row)
        separator = ",\n"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
