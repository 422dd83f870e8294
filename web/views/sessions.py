"""The page of one's open sessions."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from users.people import open_sessions, user_agents
from users.people.sessions import note_web_use, web_session
from web.requests import SignedInRequest


@login_required
@require_safe
def sessions(request: SignedInRequest) -> HttpResponse:
    note_web_use(request)
    here = web_session(request).credential
    shown = [
        {
            "id": each.pk,
            "kind": each.get_kind_display(),
            "device": each.device or user_agents.in_words(each.user_agent),
            "address_hint": each.address_hint,
            "created_at": each.created_at,
            "last_used_on": each.last_used_on,
            "is_current": each.credential == here,
        }
        for each in open_sessions.of(request.user)
    ]
    return render(request, "web/sessions.html", {"sessions": shown})


@login_required
@require_POST
def end_session(request: SignedInRequest, id: UUID) -> HttpResponse:  # noqa: A002  the name in the path
    session = get_object_or_404(open_sessions.of(request.user), pk=id)
    if session.credential == web_session(request).credential:
        logout(request)
        messages.success(request, _("You are signed out in this browser."))
        return redirect("web:start")
    open_sessions.end(session)
    messages.success(request, _("The session is ended."))
    return redirect("web:sessions")
