"""What schemathesis generates from the published schema: well-formed, malformed, and in the order of its links."""

import random
from typing import Any

import schemathesis
from drf_spectacular.generators import SchemaGenerator
from schemathesis.engine import Status, events, from_schema

from tests.fuzz import people
from tests.fuzz.report import Tally
from tests.fuzz.stack import Stack
from tests.test_contract import CHECKS, what_exists

EXAMPLES = 15
#: After these, somebody is signed in no longer.
LAST_OPERATIONS = {"eraseProfile", "signOut", "signOutEverywhere"}


def ask(stack: Stack, role: str) -> list[Tally]:
    """Ask every operation in every phase of schemathesis."""
    tally = Tally(f"contract, {role}")
    generation = {"max-examples": EXAMPLES, "deterministic": True}
    config = {
        "seed": 1,
        "base-url": stack.url,
        "generation": generation,
        "checks": CHECKS,
        "continue-on-failure": True,
        "request-timeout": 60,
        "phases": {"stateful": {"max-steps": 6}},
    }
    schema = schemathesis.openapi.from_dict(
        SchemaGenerator().get_schema(request=None, public=True), config=schemathesis.Config.from_dict(config)
    )
    chance = random.Random(1)
    if role != "nobody":
        schemathesis.auth(refresh_interval=None)(_signed_in_as(role))

    @schemathesis.hook
    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        case.query = {name: value for name, value in (case.query or {}).items() if value != ""}  # as a form sends it
        if chance.random() < 0.3 and case.meta and case.meta.generation.mode.is_positive:
            _replace(case, what_exists(people.somebody()))

    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _take_down(event, tally)
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            tally.complain(str(getattr(event, "value", event)))
    return [tally]


def _signed_in_as(role: str) -> type:
    crowd = people.crowd(role)

    class Authorization:
        def get(self, case: Any, context: Any) -> str:
            is_last = context.operation.definition.raw.get("operationId") in LAST_OPERATIONS
            return (people.sign_in(role) if is_last else next(crowd))["Authorization"]

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": data}

    return Authorization


def _replace(case: Any, existing: dict[str, Any]) -> None:
    """Ask for what exists: random values would never hit it."""
    for part in ("path_parameters", "body"):
        values = getattr(case, part)
        if isinstance(values, dict):
            setattr(case, part, {name: existing.get(name, value) for name, value in values.items()})


def _take_down(event: events.ScenarioFinished, tally: Tally) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        request = f"{interaction.request.method} {interaction.request.uri}"
        if interaction.response is None:
            tally.complain(f"{request}: no answer")
            continue
        headers = {name.title(): values[0] for name, values in interaction.response.headers.items()}
        body = None if interaction.request.method == "HEAD" else interaction.response.content
        tally.judge(request, interaction.response.status_code, headers, body)
        for check in recorder.checks.get(case_id, ()):
            if check.status != Status.SUCCESS and check.failure_info:
                tally.complain(f"{request}: {check.failure_info.failure}\n{check.failure_info.code_sample}")
