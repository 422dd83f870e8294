"""What staff do on the page of a person and with several selected people."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextInputWidget

from panel.lists import describe
from panel.sentences import event_sentence
from users.models import NumberChange, User
from users.people.rights import may
from users.refusals import Refusal
from users.sign_in import lockout
from users.staff import actions, timeline
from users.staff.timeline import Kind

#: The permission to see events of a kind; the others need that to view the person.
_PERMISSIONS = {
    Kind.MESSAGE: "users.view_delivery",
    Kind.SIGNED_IN: "users.view_signinattempt",
    Kind.WRONG_CODE: "users.view_signinattempt",
    Kind.STAFF: "users.view_auditrecord",
}
_ICONS = {
    Kind.REGISTERED: "person_add",
    Kind.ACTIVATED: "group_add",
    Kind.MESSAGE: "sms",
    Kind.SIGNED_IN: "login",
    Kind.WRONG_CODE: "error",
    Kind.TOKEN: "key",
    Kind.JWT: "sync",
    Kind.STAFF: "shield_person",
}


class TextForm(forms.Form):
    text = forms.CharField(
        label=_("Reason"), max_length=actions.MAX_TEXT, widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True})
    )


class PersonActions:
    """Mixin for the `ModelAdmin` of users."""

    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.act))
        return [path("<path:object_id>/act/", view, name="users_user_act"), *super().get_urls()]  # type: ignore[misc]

    def act(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what a button of the page says, and lead back to the page."""
        user = get_object_or_404(User, pk=object_id)
        if not may(request.user, "change", user):
            raise PermissionDenied
        text = request.POST.get("text", "").strip()[: actions.MAX_TEXT]
        act = self._acts().get(request.POST.get("act", ""))
        if act is None:
            raise PermissionDenied
        try:
            messages.success(request, act(request, user, text))
        except forms.ValidationError as missing:
            messages.error(request, missing.message)
        except Refusal as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:users_user_change", args=[user.pk]))

    def _acts(self) -> dict[str, Callable[[HttpRequest, User, str], str]]:
        return {
            "block": _block,
            "unblock": _unblock,
            "sign_out": _sign_out,
            "unlock": _unlock,
            "undo_number_change": _undo_number_change,
            "send_code": _send_code,
            "note": _note,
        }

    def story_of(self, request: HttpRequest, user: User) -> dict[str, Any]:
        """Return the context of the head of a person's page: state, actions, notes, timeline."""
        sees = {kind for kind in Kind if kind not in _PERMISSIONS or request.user.has_perm(_PERMISSIONS[kind])}
        events = [event for event in timeline.of(user) if event.kind in sees]
        return {
            "person": user,
            "person_name": describe(user),
            "locked_until": lockout.locked_until(phone_number=user.phone_number),
            "may_change": may(request.user, "change", user),
            "undoable_change": NumberChange.objects.last_of(user),
            "may_delete": may(request.user, "delete", user),
            "notes": timeline.notes_of(user),
            "timeline": [(event.at, _ICONS[event.kind], event_sentence(event)) for event in events],
        }

    # With several people

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Put the deletion last."""
        offered: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        if "delete_selected" in offered:
            offered["delete_selected"] = offered.pop("delete_selected")
        return offered

    @admin.action(description=_("Block selected people"), permissions=["change"])
    def block_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Ask for the reason first."""
        form = TextForm(request.POST if "text" in request.POST else None)
        people = self._changeable(request, queryset)
        if form.is_valid():
            blocked = sum(actions.block(user=user, reason=form.cleaned_data["text"], by=request) for user in people)
            text = ngettext("%(count)d person is blocked.", "%(count)d people are blocked.", blocked)
            messages.success(request, text % {"count": blocked})
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Block selected people"),
            "form": form,
            "people": [(user.pk, describe(user)) for user in people],
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/users/user/block_selected.html", context)

    @admin.action(description=_("Unblock selected people"), permissions=["change"])
    def unblock_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = self._changeable(request, queryset)
        unblocked = sum(actions.unblock(user=user, reason="", by=request) for user in people)
        text = ngettext("%(count)d person is unblocked.", "%(count)d people are unblocked.", unblocked)
        messages.success(request, text % {"count": unblocked})

    @admin.action(description=_("Sign selected people out everywhere"), permissions=["change"])
    def sign_out_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = self._changeable(request, queryset)
        for user in people:
            actions.sign_out(user=user, by=request)
        text = ngettext("%(count)d person is signed out.", "%(count)d people are signed out.", len(people))
        messages.success(request, text % {"count": len(people)})

    def _changeable(self, request: HttpRequest, users: Iterable[User]) -> list[User]:
        """Return those whom the actor may change: only superusers change staff."""
        return [user for user in users if may(request.user, "change", user)]


def _block(request: HttpRequest, user: User, reason: str) -> str:
    if not reason:
        raise forms.ValidationError(gettext("Say why: the reason is kept in the audit trail."))
    actions.block(user=user, reason=reason, by=request)
    return gettext("Blocked. Every session has ended.")


def _unblock(request: HttpRequest, user: User, reason: str) -> str:
    actions.unblock(user=user, reason=reason, by=request)
    return gettext("Unblocked. They can sign in again.")


def _sign_out(request: HttpRequest, user: User, _text: str) -> str:
    actions.sign_out(user=user, by=request)
    return gettext("Signed out everywhere.")


def _unlock(request: HttpRequest, user: User, _text: str) -> str:
    actions.unlock(user=user, by=request)
    return gettext("The number is unlocked.")


def _undo_number_change(request: HttpRequest, user: User, _text: str) -> str:
    actions.undo_number_change(user=user, by=request)
    return gettext("The former number is back. Every session has ended.")


def _send_code(request: HttpRequest, user: User, _text: str) -> str:
    actions.send_code(user=user, by=request)
    return gettext("A new code is on its way.")


def _note(request: HttpRequest, user: User, text: str) -> str:
    if not text:
        raise forms.ValidationError(gettext("The note is empty."))
    actions.note(user=user, text=text, by=request)
    return gettext("The note is kept.")
