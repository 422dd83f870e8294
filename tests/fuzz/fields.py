"""What hypothesis thinks of for phone numbers, codes and names, wherever they can be given."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from tests.fuzz import people
from tests.fuzz.report import Tally
from tests.fuzz.stack import Stack
from tests.hostile_input.typed import ANY_JSON, ANY_TEXT, CODE, ODD_TEXT, PHONE, REFERRAL_CODE
from tests.test_contract import what_exists

everything = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck]
)


@dataclass(frozen=True)
class Field:
    """Where a value can be given: `{}` in the path, or the member `name` of an otherwise valid body."""

    method: str
    path: str
    name: str = ""
    role: str = "nobody"
    body: Mapping[str, str] = field(default_factory=dict)


def ask(stack: Stack) -> list[Tally]:
    """Give every field everything that can be thought of."""
    known = what_exists(people.somebody())
    tallies = []
    for kind, (values, fields) in KINDS.items():
        tallies.append(tally := Tally(kind))
        for place in fields:
            _try(place, values, known, stack, tally)
    return tallies


NUMBER = "+79161234567"
KINDS: dict[str, tuple[SearchStrategy[Any], list[Field]]] = {
    "phone number": (
        PHONE | ODD_TEXT | ANY_JSON,
        [
            Field("POST", "/api/registration/", "phone_number"),
            Field("POST", "/api/login/", "phone_number", body={"confirmation_code": "0427"}),
            Field("POST", "/api/jwt/", "phone_number", body={"confirmation_code": "0427"}),
            Field("POST", "/api/users/", "phone_number", "superuser"),
            Field("PATCH", "/api/users/{id}/", "phone_number", "superuser"),
            Field("GET", "/api/profile/{}/", role="staff"),
            Field("GET", "/api/users/?search={}", role="staff"),
        ],
    ),
    "confirmation code": (
        CODE | ODD_TEXT | ANY_JSON,
        [
            Field("POST", "/api/login/", "confirmation_code", body={"phone_number": NUMBER}),
            Field("POST", "/api/jwt/", "confirmation_code", body={"phone_number": NUMBER}),
            Field("POST", "/api/verify/{verification_token}/", "confirmation_code"),
            Field("POST", "/api/verify/{}/", body={"confirmation_code": "0427"}),
        ],
    ),
    "invite code": (
        REFERRAL_CODE | ODD_TEXT | ANY_JSON,
        [
            Field("PATCH", "/api/profile/", "used_referral_code", "person"),
            Field("GET", "/api/referral-codes/{}/"),
            Field(
                "POST", "/api/login/", "used_referral_code", body={"phone_number": NUMBER, "confirmation_code": "0427"}
            ),
        ],
    ),
    "name": (
        ANY_TEXT | ODD_TEXT | ANY_JSON,
        [
            Field("PATCH", "/api/profile/", "username", "person"),
            Field("POST", "/api/registration/", "username", body={"phone_number": NUMBER}),
        ],
    ),
}


def _try(place: Field, values: SearchStrategy[Any], known: dict[str, Any], stack: Stack, tally: Tally) -> None:
    session = requests.Session()
    session.trust_env = False
    crowd = people.crowd(place.role)

    @given(value=values)
    @everything
    def send(value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        path = place.path.replace("{}", quote(text[:2_000], safe="", errors="surrogatepass")).format(**known)
        body = {**place.body, **({place.name: value} if place.name else {})}
        headers = {"Content-Type": "application/json", **next(crowd)}
        answer = session.request(place.method, stack.url + path, data=json.dumps(body), headers=headers, timeout=60)
        tally.judge(f"{place.method} {path} {body}", answer.status_code, answer.headers, answer.content)

    send()
