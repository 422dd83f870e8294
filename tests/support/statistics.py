"""Asking for the statistics over HTTP, before and after they have been rolled up."""

from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

STATISTICS = "/api/statistics/"


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def statistics(office: APIClient, **query: str) -> dict[str, Any]:
    answer = office.get(STATISTICS, {name.rstrip("_"): value for name, value in query.items()})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def registrations(office: APIClient, **query: str) -> dict[str, int]:
    """The steps in which somebody registered, by their first day."""
    steps = statistics(office, **query)["steps"]
    return {step["first_day"]: step["registrations"] for step in steps if step["registrations"]}


def rolled_up() -> None:
    call_command("roll_up_statistics")


#: The same numbers come of events that are counted where they happened, and of the totals kept of them.
either_way = pytest.mark.parametrize("prepare", [lambda: None, rolled_up], ids=["live", "rolled up"])
