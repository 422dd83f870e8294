"""What the OpenAPI document says of typed texts: never less than the API reads, and of ASCII exactly as much."""

from typing import Any

import jsonschema
import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.generators import SchemaGenerator
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.serializers import ValidationError

from api.fields import (
    ConfirmationCodeField,
    ExternalIdField,
    KeptReferralCodeField,
    OwnField,
    PhoneNumberField,
    TextField,
)
from api.statistics_serializers import StatisticsQuerySerializer
from common.time_zones import zone_names
from tests.support.spellings import DASHES, MARKS, SPACES, ZEROS
from users import referral_codes
from users.reading import MAX_TYPED

COMPONENTS: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]
CREATION = COMPONENTS["UserCreationRequest"]["properties"]
CONFIRMATION_CODE = COMPONENTS["LoginRequest"]["properties"]["confirmation_code"]

#: What stands in codes, numbers, names and links, and what does not.
_CHARACTERS = "0123456789AbKr /.-_%#?&()+\n\x00\x1c«»Ж²" + "".join([*ZEROS[:3], *SPACES[:3], *DASHES[:3], *MARKS[:3]])
texts = st.text(_CHARACTERS, max_size=20) | st.text("0123456789 .-", max_size=12) | st.text(max_size=20)
padded = st.tuples(texts, st.integers(0, 520)).map(lambda pair: f"{pair[0]}{' ' * pair[1]}")
many = hypothesis_settings(max_examples=150, deadline=None, derandomize=True)


def is_described(schema: Any, typed: str) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(typed))


def is_read(field: TextField, typed: str) -> bool:
    try:
        field.run_validation(typed)
    except (ValidationError, DjangoValidationError):  # a serializer takes both
        return False
    return True


@given(typed=texts | padded)
@example(typed=f"{' ' * 100}0427")
@example(typed="04\x1c27")
@example(typed="«04 27»")
@example(typed="٠٤٢٧")
@many
def test_confirmation_codes(typed: str) -> None:
    read = is_read(ConfirmationCodeField(), typed)

    assert is_described(CONFIRMATION_CODE, typed) >= read, ascii(typed)
    if typed.isascii():
        assert is_described(CONFIRMATION_CODE, typed) == read, ascii(typed)


@pytest.mark.parametrize("typed", ["", "123", "12345", "1234567890", "12a4", "1/2/3/4", "0427\x00"])
def test_no_confirmation_code(typed: str) -> None:
    assert not is_read(ConfirmationCodeField(), typed)
    assert not is_described(CONFIRMATION_CODE, typed)


@given(typed=texts | padded)
@example(typed="Anna-2024")
@example(typed="x" * 12 + " ")
@many
def test_invite_codes_from_elsewhere(typed: str) -> None:
    read = is_read(KeptReferralCodeField(), typed)

    assert is_described(CREATION["referral_code"], typed) >= read, ascii(typed)
    if typed.isascii():
        assert is_described(CREATION["referral_code"], typed) == read, ascii(typed)


@given(typed=texts | padded)
@example(typed="https://referral.example/r/8CHKXP/?utm_source=chat")
@example(typed="Join me: https://referral.example/R/8CHKXP/, it is free!\nNow")
@example(typed="%41%42")
@example(typed="a/r/8CHKXP b")
@many
def test_used_invite_codes(typed: str) -> None:
    read = bool(referral_codes.readings(typed)) and "\0" not in typed

    assert is_described(CREATION["used_referral_code"], typed) >= read, ascii(typed)
    if typed.isascii() and not {"/", "%"} & set(typed) and len(typed) <= MAX_TYPED:
        assert is_described(CREATION["used_referral_code"], typed) == read, ascii(typed)


def test_the_time_zones_that_are_read_are_described_and_no_other() -> None:
    schema = StatisticsQuerySerializer().fields["time_zone"].typed

    assert set(schema["enum"]) == zone_names() >= {"Europe/Moscow", "Etc/GMT+5", "Etc/GMT-5", "UTC"}
    assert not {"localtime", "Factory"} & zone_names()
    assert len(set(schema["x-enum-varnames"])) == len(schema["enum"])


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        (PhoneNumberField(), CREATION["phone_number"]),
        (OwnField("username"), CREATION["username"]),
        (ExternalIdField(), CREATION["external_id"]),
    ],
    ids=["phone_number", "username", "external_id"],
)
@given(typed=texts | padded)
@example(typed="+7 916 123-45-67" + " " * 100)
@many
def test_nothing_that_is_read_is_described_as_wrong(field: TextField, schema: Any, typed: str) -> None:
    assert is_described(schema, typed) >= is_read(field, typed), ascii(typed)
