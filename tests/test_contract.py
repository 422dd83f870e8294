"""The API keeps the contract that it publishes: whatever is sent, the answer is one that /api/schema/ describes.

CONTRACT_SEED generates other requests, MAX_EXAMPLES more.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from knox.models import AuthToken
from rest_framework.test import APIClient
from schemathesis.schemas import BaseSchema

from referral_project.wsgi import Handler
from tests.support.examples import MAX_EXAMPLES
from tests.support.factories import create_staff, create_superuser, create_user, service_key
from users.models import User
from users.people.jwt_sessions import open_jwt_session
from users.sign_in import sending

pytestmark = pytest.mark.usefixtures("unlimited", "transactional_db")
SEED = int(os.environ.get("CONTRACT_SEED", "0"))
MOST_VALUES = 20
#: All the others apply. A phone number, a code or a name can be of the right form and wrong all the same.
CHECKS = {"positive_data_acceptance": {"enabled": False}}


def published(**phases: Any) -> BaseSchema:
    """Return the requests to a server in this process: to connect for each of them takes longer than the answer."""
    generation = {"max-examples": max(3, MAX_EXAMPLES // 20), "deterministic": not SEED}
    config = schemathesis.Config.from_dict(
        {"seed": SEED or 1, "generation": generation, "checks": CHECKS, "phases": phases}
    )
    document = APIClient().get("/api/schema/?format=json").content
    schema = schemathesis.openapi.from_dict(with_short_lists(json.loads(document)), config=config)
    schema.app = Handler()
    return schema


def with_short_lists(schema: Any) -> Any:
    """Return a schema where few values of a long list stand for all: each one is sent."""
    if isinstance(schema, list):
        return [with_short_lists(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    short = {"enum": schema["enum"][:MOST_VALUES]} if isinstance(schema.get("enum"), list) else {}
    return {name: with_short_lists(each) for name, each in {**schema, **short}.items()}


@pytest.fixture
def anything() -> BaseSchema:
    """Requests that keep to the schema and requests that break it in every way there is."""
    return published()


@pytest.fixture
def well_formed() -> BaseSchema:
    """Requests that keep to the schema, at random."""
    off = {"enabled": False}
    return published(coverage=off, examples=off, fuzzing={"generation": {"mode": "positive"}})


whatever = schemathesis.pytest.from_fixture("anything")
sensible = schemathesis.pytest.from_fixture("well_formed")


def by_token(user: User) -> dict[str, str]:
    _, token = AuthToken.objects.create(user)
    return {"Authorization": f"Token {token}"}


def headers_for(case: schemathesis.Case) -> dict[str, str]:
    """Return the credentials that the operation takes: a service key, or those of a person."""
    is_for_services = "x-scopes" in case.operation.definition.raw
    return {"Authorization": f"Key {service_key()}"} if is_for_services else by_token(create_superuser())


def by_jwt(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {open_jwt_session(user).access_token}"}


def by_service_key(user: User) -> dict[str, str]:
    return {"Authorization": f"Key {service_key()}"}


def anonymously(user: User) -> dict[str, str]:
    return {}


def what_exists(me: User) -> dict[str, Any]:
    """Return, by the names of parameters and fields, what random values would never hit."""
    sent = sending.send_code(client_ip="192.0.2.1", phone_number=str(me.phone_number))
    inviter = create_user()
    return {
        "id": str(me.public_id),
        "phone_number": str(me.phone_number),
        "referral_code": inviter.referral_code,
        "used_referral_code": inviter.referral_code,
        "verification_token": str(sent.record.verification_token),
        "confirmation_code": sent.confirmation_code,
        "refresh": str(open_jwt_session(me)),
    }


@whatever.parametrize()
def test_every_answer_is_one_that_the_documentation_describes(case: schemathesis.Case) -> None:
    case.call_and_validate(headers=headers_for(case))


@sensible.given(
    me=st.sampled_from([create_user, create_staff, create_superuser]),
    signed_in=st.sampled_from([by_token, by_jwt, by_service_key, anonymously]),
    known=st.sets(st.sampled_from(["path_parameters", "body"])),
)
@sensible.parametrize()
def test_so_it_is_for_everyone_and_for_what_exists(
    case: schemathesis.Case,
    me: Callable[[], User],
    signed_in: Callable[[User], dict[str, str]],
    known: set[str],
) -> None:
    user = me()
    existing = what_exists(user)
    for part in known:
        values = getattr(case, part)
        if isinstance(values, dict):
            setattr(case, part, {name: existing.get(name, value) for name, value in values.items()})

    case.call_and_validate(headers=signed_in(user))
