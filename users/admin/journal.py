"""The journal of what staff did."""

import json
from collections.abc import Iterable
from typing import Any, cast

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.http import HttpRequest

from users.models import User


class NamelessJournal:
    """Keeps who did what to which row. It outlives the people in it, so it holds neither their names nor numbers."""

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> LogEntry:
        return _log(request, [obj], ADDITION, message)[0]

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> LogEntry:
        return _log(request, [obj], CHANGE, message)[0]

    def log_deletions(self, request: HttpRequest, queryset: Iterable[User]) -> list[LogEntry]:
        return _log(request, queryset, DELETION, [])


def _log(request: HttpRequest, people: Iterable[User], action_flag: int, message: Any) -> list[LogEntry]:
    content_type = get_content_type_for_model(User)
    return LogEntry.objects.bulk_create(
        LogEntry(
            user_id=cast("int", request.user.pk),
            content_type=content_type,
            object_id=str(person.pk),
            object_repr=f"#{person.pk}",
            action_flag=action_flag,
            change_message=json.dumps(message),
        )
        for person in people
    )
