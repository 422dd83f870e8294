"""The audit trail: who of the staff did what to whom, with old and new values, in the panel and by the API alike."""

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
    """Write down what whoever made this request did: within the transaction of the deed, so that neither is alone.

    `about` is a person, another row, or the name of a table.
    """
    is_person = isinstance(about, User)
    AuditRecord.objects.create(
        actor_id=by.user.pk,
        action=action,
        person_id=about.pk if isinstance(about, User) else None,
        thing="" if is_person else _name(about),
        details=details or {},
        address=client_ip_digest(client_ip_of(by)),
    )


def changes_in(form: BaseForm) -> Details:
    """Return the old and the new value of every field that was changed in a form; of a secret, only that it was."""
    return {
        name: None if name in _SECRET else [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))]
        for name in form.changed_data
    }


def values_of(person: User, names: Iterable[str]) -> Details:
    return {name: _plain(getattr(person, name)) for name in names}


def changes_between(before: Details, after: Details) -> Details:
    return {name: [before.get(name), new] for name, new in after.items() if before.get(name) != new}


def forget_values_of(person: User) -> None:
    """Keep that something was done to a person who is erased, and which fields it changed, but no value."""
    records = list(AuditRecord.objects.filter(person_id=person.pk).exclude(details={}))
    for each in records:
        each.details = dict.fromkeys(each.details)
    AuditRecord.objects.bulk_update(records, ["details"], batch_size=1_000)


def _name(about: models.Model | str) -> str:
    return about if isinstance(about, str) else f"{about._meta.model_name} {about.pk}"


def _plain(value: Any) -> Any:
    if isinstance(value, models.QuerySet | list | tuple | set):
        return sorted(_plain(each) for each in value)
    if isinstance(value, Permission):
        return value.codename  # its name depends on the language
    return value if value is None or isinstance(value, bool | int) else str(value)
