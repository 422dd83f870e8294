"""Requests for statistics over HTTP, before and after they are rolled up."""

from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

STATISTICS = "/api/statistics/"


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def statistics(service_client: APIClient, **query: str) -> dict[str, Any]:
    answer = service_client.get(STATISTICS, {name.rstrip("_"): value for name, value in query.items()})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def registrations(service_client: APIClient, **query: str) -> dict[str, int]:
    """Return the steps with at least one registration, by their first day."""
    steps = statistics(service_client, **query)["steps"]
    return {step["first_day"]: step["registrations"] for step in steps if step["registrations"]}


def roll_up() -> None:
    call_command("roll_up_statistics")


#: Statistics are the same whether counted from the rows or read from the running totals.
live_and_rolled_up = pytest.mark.parametrize("prepare", [lambda: None, roll_up], ids=["live", "rolled up"])
