"""Export of everything that is stored about a user, as JSON (GDPR, articles 15 and 20)."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from axes.models import AccessAttempt
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from users.models import (
    AuditRecord,
    ConfirmationCode,
    Delivery,
    Event,
    FormerNumber,
    JWTFamily,
    NumberChange,
    Referral,
    SignInAttempt,
    User,
    UserSession,
)
from users.people import open_sessions
from users.referrals import newest, visibility

_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Part:
    """Rows of one model in the export. The API derives the schema of the document from these declarations."""

    model: type[Model]
    rows_of: Callable[[User], QuerySet[Any]]
    #: Key in the document: column of the model, or of a related one by "relation__column".
    columns: Mapping[str, str]
    #: What is shown instead of a value, by key.
    shown: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)

    def read(self, user: User) -> Iterator[dict[str, Any]]:
        """Yield the rows of a user in constant memory, by one query."""
        columns = [F(column) for column in self.columns.values()]
        for cells in self.rows_of(user).values_list(*columns).iterator(chunk_size=_ROWS_AT_ONCE):
            row = dict(zip(self.columns, cells, strict=True))
            yield row | {key: show(row[key]) for key, show in self.shown.items()}


PROFILE = Part(
    User,
    lambda user: User.objects.filter(pk=user.pk),
    {
        "id": "public_id",
        "external_id": "external_id",
        "phone_number": "phone_number",
        **{name: name for name in User.OWN_FIELDS},
        "referral_code": "referral_code",
        "used_referral_code": "invitation__referral_code",
        "activated_at": "invitation__activated_at",
        "referrals_count": "referrals_count",
        "registered_at": "registered_at",
        "updated_at": "updated_at",
        "last_login": "last_login",
        "is_active": "is_active",
        "is_staff": "is_staff",
    },
)
#: Secrets are left out: of tokens and codes, only the times are exported. So is the inviter, who is never shown to
#: the users they invited.
LISTS: Mapping[str, Part] = {
    "referrals": Part(
        Referral,
        newest.referrals_of,
        {
            "id": "invited__public_id",
            "external_id": "invited__external_id",
            "phone_number": "invited__phone_number",
            "activated_at": "activated_at",
        },
        shown={"external_id": visibility.shown_external_id, "phone_number": visibility.shown_number},
    ),
    "sessions": Part(
        UserSession,
        open_sessions.of,
        {
            "id": "id",
            "kind": "kind",
            "device": "device",
            "user_agent": "user_agent",
            "address_hint": "address_hint",
            "created_at": "created_at",
            "last_used_on": "last_used_on",
            "expires_at": "expires_at",
            "confirmed_until": "confirmed_until",
        },
    ),
    "jwt_sessions": Part(
        JWTFamily,
        lambda user: JWTFamily.objects.filter(user_id=user.pk),
        {"renewed_at": "renewed_at", "expires_at": "expires_at", "ended_at": "ended_at"},
    ),
    "former_numbers": Part(
        FormerNumber, lambda user: FormerNumber.objects.filter(account_id=user.pk), {"left_at": "left_at"}
    ),
    "number_changes": Part(
        NumberChange,
        lambda user: NumberChange.objects.filter(account=user),
        {"former_number": "former_number", "changed_at": "changed_at"},
    ),
    "sign_in_attempts": Part(
        SignInAttempt,
        lambda user: SignInAttempt.objects.filter(phone_number=user.phone_number),
        {"at": "at", "succeeded": "succeeded"},
    ),
    "wrong_passwords": Part(
        AccessAttempt,
        lambda user: AccessAttempt.objects.filter(username=user.phone_number),
        {"at": "attempt_time"},
    ),
    "confirmation_codes": Part(
        ConfirmationCode,
        ConfirmationCode.objects.about,
        {
            "purpose": "purpose",
            "username": "username",
            "issued_at": "issued_at",
            "expires_at": "expires_at",
            "used_at": "used_at",
            "wrong_tries": "wrong_tries",
            "known_wrong_tries": "known_wrong_tries",
        },
    ),
    "messages": Part(
        Delivery,
        lambda user: Delivery.objects.filter(phone_number=user.phone_number),
        {"created_at": "created_at", "state": "state", "channel": "channel", "finished_at": "finished_at"},
    ),
    "events": Part(
        Event,
        lambda user: Event.objects.filter(person_id=user.pk),
        {"at": "at", "type": "type", "phone_number": "phone_number", "told": "personal"},
    ),
    "actions_of_staff": Part(
        AuditRecord,
        lambda user: AuditRecord.objects.filter(person=user).exclude(actor_id=None),
        {"at": "at", "action": "action"},
    ),
}


def download(user: User) -> StreamingHttpResponse:
    """Answer with the export while it is read from the database."""
    filename = f"personal-data-{timezone.now():%Y-%m-%d}.json"
    return StreamingHttpResponse(
        document(user),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )


def document(user: User) -> Iterator[str]:
    """Yield the export as pieces of one JSON document: one query for each list, in constant memory."""
    profile = next(PROFILE.read(user), None)  # None if the user was erased after the request was authenticated
    yield f'{{"exported_at": {_json(timezone.now())},\n"profile": {_json(profile)}'
    for name, part in LISTS.items():
        yield f',\n"{name}": ['
        separator = "\n"
        for row in part.read(user):
            yield separator + _json(row)
            separator = ",\n"
        yield "]"
    yield "}\n"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
