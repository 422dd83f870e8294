"""The audit trail: which staff member or service did what to which user, with old and new values."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Permission
from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest

from common.http.client_ip import client_ip_digest, client_ip_of
from common.observability.masking import shorten
from users.models import AuditRecord, ServiceAccount, User

Action = AuditRecord.Action
Details = dict[str, Any]

_SECRET = frozenset({"password", "password1", "password2", "usable_password"})


def record(
    *, by: HttpRequest | None, action: Action, about: models.Model | str = "", details: Details | None = None
) -> None:
    """Record an action of the user or service that sent this request. Call it in the transaction of the action.

    `by` is None for a command; `about` is a user, another row, or the name of a table.
    """
    actor: Any = by.user if by else None
    AuditRecord.objects.create(
        actor_id=actor.pk if isinstance(actor, User) else None,
        service_id=actor.pk if isinstance(actor, ServiceAccount) else None,
        action=action,
        person_id=about.pk if isinstance(about, User) else None,
        thing="" if isinstance(about, User) else _name(about),
        details=details or {},
        address=client_ip_digest(client_ip_of(by)) if by else "",
    )


def record_incident(*, person: User, action: Action, client_ip: str) -> None:
    """Record what happened to the account of `person` without an action of staff. `client_ip`: from `client_ip_of`."""
    AuditRecord.objects.create(person_id=person.pk, action=action, address=client_ip_digest(client_ip))


def record_about_number(*, by: HttpRequest, action: Action, phone_number: str, thing: str) -> None:
    """Record an action on a number: about its user, or with a masked number, which no erasure would find."""
    if user := User.objects.filter(phone_number=phone_number).first():
        record(by=by, action=action, about=user, details={"at": thing})
    else:
        record(by=by, action=action, about=thing, details={"number": shorten(phone_number)})


def record_sign_in_by_code(*, user: User, client_ip: str) -> None:
    """Record that a user signed in by a code, on the pages or in the API, if they are staff."""
    if user.is_staff:
        AuditRecord.objects.create(
            actor=user, action=Action.SIGNED_IN, details={"by": "code"}, address=client_ip_digest(client_ip)
        )


def changes_in(form: BaseForm) -> Details:
    """Return [old, new] by field for the fields of a form whose values differ; None for a secret."""
    secrets: Details = {name: None for name in form.changed_data if name in _SECRET}
    values = {
        name: [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))]
        for name in form.changed_data
        if name not in _SECRET
    }
    # A number that is typed in another way is a change of the form, not of the value.
    return secrets | {name: [old, new] for name, (old, new) in values.items() if (old or "") != (new or "")}


def values_of(user: User, names: Iterable[str]) -> Details:
    return {name: _plain(getattr(user, name)) for name in names}


def changes_of(user: User, *, former: Mapping[str, Any]) -> Details:
    """Return [old, new] of the fields of a user that have changed."""
    return {name: [_plain(old), _plain(getattr(user, name))] for name, old in former.items()}


def changes_between(before: Details, after: Details) -> Details:
    return {name: [before.get(name), new] for name, new in after.items() if before.get(name) != new}


def forget_values_of(user: User) -> None:
    """Remove the values from all records about a user who is being erased; actions and field names stay."""
    records = list(AuditRecord.objects.filter(person_id=user.pk).exclude(details={}))
    for each in records:
        each.details = dict.fromkeys(each.details)
    AuditRecord.objects.bulk_update(records, ["details"], batch_size=1_000)


def _name(about: models.Model | str) -> str:
    return about if isinstance(about, str) else f"{about._meta.model_name} {about.pk}"


def _plain(value: Any) -> Any:
    if isinstance(value, models.QuerySet | list | tuple | set):
        return sorted(_plain(each) for each in value)
    if isinstance(value, Permission):
        return value.codename  # the name is translated
    return value if value is None or isinstance(value, bool | int) else str(value)
