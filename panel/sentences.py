"""Records of the audit trail and events of a person as sentences with links."""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.functional import Promise
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from panel.lists import link_to
from users.models import AuditRecord, Delivery, User
from users.staff.timeline import Event, Kind

Action = AuditRecord.Action
#: What the sentence says besides the action and its object.
_NO_FIELDS = frozenset({"ids", "filtered by", "at", "number", "by"})
_LABELS: dict[str, Promise] = {
    "reason": _("reason"),
    "note": _("note"),
    "password": _("password"),
    "password1": _("password"),
    "second_factor": _("second factor"),
    "used_referral_code": _("invite code they came with"),
    "permissions": _("permissions"),
    "revoked": _("revoked key"),
    "scopes": _("scopes"),
    "networks": _("networks"),
    "account": _("service account"),
    "key": _("service key"),
    "name": _("name"),
}
_THINGS: dict[str, Promise] = {"statistics": _("statistics"), "import": _("import")}
#: English says who did it in the column before. Russian names what was done, so that it needs no gender.
_TEMPLATES: dict[str, str] = {
    Action.SIGNED_IN: gettext_noop("Signed in to the panel"),
    Action.VIEWED: gettext_noop("Viewed {about}"),
    Action.LISTED: gettext_noop("Saw a list: {about}"),
    Action.CREATED: gettext_noop("Added {about}"),
    Action.CHANGED: gettext_noop("Changed {about}"),
    Action.DELETED: gettext_noop("Deleted {about}"),
    Action.EXPORTED: gettext_noop("Exported {about}"),
    Action.BLOCKED: gettext_noop("Blocked {about}"),
    Action.UNBLOCKED: gettext_noop("Unblocked {about}"),
    Action.SIGNED_OUT: gettext_noop("Signed {about} out everywhere"),
    Action.UNLOCKED: gettext_noop("Unlocked the number of {about}"),
    Action.CODE_SENT: gettext_noop("Sent a code to {about}"),
    Action.NOTED: gettext_noop("Noted about {about}"),
    Action.TOKEN_REUSED: gettext_noop("A refresh token of {about} was used twice, and the session ended"),
}


def sentence_of(record: AuditRecord) -> SafeString:
    """Return what was done to what, with the old and new values."""
    details = record.details or {}
    template = _TEMPLATES[record.action]
    if record.action == Action.SIGNED_IN and details.get("by") == "code":
        template = gettext_noop("Signed in by a code")
    sentence = format_html(gettext(template), about=_about(record))
    if count := len(details.get("ids", ())):
        shown = ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}
        sentence = format_html("{} ({})", sentence, shown)
    changes = format_html_join("; ", "{}", ((change,) for change in _changes(details)))
    return format_html("{}: {}", sentence, changes) if changes else sentence


def who_did(record: AuditRecord) -> str:
    if record.service_id:
        return str(record.service)
    if record.actor_id:
        return link_to(record.actor)
    return "" if record.action == Action.TOKEN_REUSED else gettext("a command")


def event_sentence(event: Event) -> SafeString:
    """Return a sentence about one event of the timeline."""
    return _EVENTS[event.kind](event)


def _about(record: AuditRecord) -> str:
    if record.person_id:
        return link_to(record.person)
    return record.details.get("number") or _thing(record.thing)


def _thing(text: str) -> str:
    """Return "group 3" or "delivery", as it is stored, in the words of the panel."""
    name, _space, pk = text.partition(" ")
    if name in _THINGS:
        return str(_THINGS[name])
    model = next((model for model in apps.get_models() if model._meta.model_name == name), None)
    if model is None:
        return text
    return f"{model._meta.verbose_name} {pk}" if pk else str(model._meta.verbose_name_plural)


def _changes(details: dict[str, Any]) -> Iterator[SafeString]:
    for name, value in details.items():
        if name in _NO_FIELDS:
            continue
        label = _label(name)
        match value:
            case None:
                yield escape(label)
            case [old, new]:
                yield format_html("{}: {} → {}", label, _shown(old), _shown(new))
            case _:
                yield format_html("{}: {}", label, _shown(value))


def _label(name: str) -> str:
    if name in _LABELS:
        return str(_LABELS[name])
    try:
        return str(User._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "—"
    return "—" if value in (None, "") else str(value)


def _message(event: Event) -> SafeString:
    message: Delivery = event.row
    what = gettext("Code") if message.verification_token else gettext("Notice")
    sentence = format_html("{}: {}", what, message.outcome.label)
    if message.channel:
        sentence = format_html("{}, {}", sentence, message.channel)
    if message.last_failure:
        sentence = format_html("{} ({})", sentence, message.get_last_failure_display())
    return sentence


def _wrong_code(event: Event) -> SafeString:
    text = ngettext("%(count)d wrong code was entered", "%(count)d wrong codes were entered", event.count)
    return escape(text % {"count": event.count})


def _jwt(event: Event) -> SafeString:
    return escape(gettext("A JWT session ended") if event.row.ended_at else gettext("A JWT session was renewed"))


def _by_staff(event: Event) -> SafeString:
    who = who_did(event.row)
    return format_html("{}: {}", who, sentence_of(event.row)) if who else sentence_of(event.row)


_EVENTS: dict[Kind, Callable[[Event], SafeString]] = {
    Kind.REGISTERED: lambda _event: escape(gettext("Registered")),
    Kind.ACTIVATED: lambda event: format_html(gettext("Came with {inviter}"), inviter=link_to(event.row.inviter)),
    Kind.MESSAGE: _message,
    Kind.SIGNED_IN: lambda _event: escape(gettext("Signed in by a code")),
    Kind.WRONG_CODE: _wrong_code,
    Kind.TOKEN: lambda _event: escape(gettext("A token was issued")),
    Kind.JWT: _jwt,
    Kind.STAFF: _by_staff,
}
