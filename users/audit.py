"""The audit trail: which staff member did what to which user, with old and new values, in the panel and the API."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission
from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest

from common.http.client_ip import client_ip_digest, client_ip_of
from users.models import AuditRecord, User

Action = AuditRecord.Action
Details = dict[str, Any]

_SECRET = frozenset({"password", "password1", "password2", "usable_password"})


def record(*, by: HttpRequest, action: Action, about: models.Model | str = "", details: Details | None = None) -> None:
    """Record an action of the user who sent this request. Call it in the transaction of the action.

    `about` is a user, another row, or the name of a table.
    """
    AuditRecord.objects.create(
        actor_id=by.user.pk,
        action=action,
        person_id=about.pk if isinstance(about, User) else None,
        thing="" if isinstance(about, User) else _name(about),
        details=details or {},
        address=client_ip_digest(client_ip_of(by)),
    )


def record_incident(*, person: User, action: Action, client_ip: str) -> None:
    """Record what happened to the account of `person` without an action of staff. `client_ip`: from `client_ip_of`."""
    AuditRecord.objects.create(person_id=person.pk, action=action, address=client_ip_digest(client_ip))


def changes_in(form: BaseForm) -> Details:
    """Return [old, new] by field for the changed fields of a form; None for a secret."""
    return {
        name: None if name in _SECRET else [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))]
        for name in form.changed_data
    }


def values_of(user: User, names: Iterable[str]) -> Details:
    return {name: _plain(getattr(user, name)) for name in names}


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
