"""Every column of a user is exported and shown to staff, or is listed here with the reason why not."""

import csv
import io
import json
import re

import pytest
from django.contrib.admin.utils import flatten_fieldsets
from django.test import Client

from referral_project.settings import BASE_DIR
from tests.support import pages
from tests.support.factories import api_client, create_user
from tests.support.panel import PEOPLE, user_page
from users.models import User

pytestmark = pytest.mark.django_db

INTERNAL = {
    "id": "a number without meaning outside of the database; part of the page's URL",
    "session_epoch": "a counter that ends sessions",
    "is_test": "whether the statistics leave out a reviewer of app stores",
    "search_name": "the name once more, as searches compare it",
}
#: Files for people and programs have it in place of the row number.
SHOWN_AS_ID = {"public_id": "shown as `id`"}
EXCEPTIONS = {
    "personal data": {
        **INTERNAL,
        **SHOWN_AS_ID,
        "password": "a secret",
        "is_superuser": "a right among staff, as groups and permissions are",
    },
    "csv": {
        **INTERNAL,
        **SHOWN_AS_ID,
        "password": "a secret",
        "is_superuser": "a right among staff, as groups and permissions are",
        "last_login": "data minimisation: shown for one user at a time",
    },
    "page": {
        **INTERNAL,
        "password": "a secret; `password_state` shows whether there is one",
        "referrals_count": "shown as `referrals`, a link to them",
        "is_active": "shown as a state, and changed by an action with a reason",
    },
}


def columns_of_personal_data(_boss: Client) -> set[str]:
    return set(json.loads(api_client(create_user()).get("/api/profile/export/").getvalue())["profile"])


def columns_of_csv(admin_client: Client) -> set[str]:
    text = b"".join(admin_client.get(f"{PEOPLE}export/")).decode("utf-8-sig")
    return set(next(csv.reader(io.StringIO(text))))


def columns_of_page(admin_client: Client) -> set[str]:
    return set(flatten_fieldsets(admin_client.get(user_page(create_user())).context["adminform"].fieldsets))


@pytest.mark.parametrize(
    ("place", "columns"),
    [("personal data", columns_of_personal_data), ("csv", columns_of_csv), ("page", columns_of_page)],
)
def test_every_column_is_there_or_is_an_exception_with_a_reason(place: str, columns, admin_client: Client) -> None:
    shown = columns(admin_client)

    expected = {field.name for field in User._meta.concrete_fields}
    assert expected - shown | {"id"} == set(EXCEPTIONS[place])


@pytest.mark.parametrize("file", ["docs/personal-data.md", "postman/referral.postman_collection.json"])
@pytest.mark.parametrize("field", User.OWN_FIELDS)
def test_the_fields_that_users_fill_in_are_documented_and_tried(file: str, field: str) -> None:
    assert re.search(rf"\b{field}\b", (BASE_DIR / file).read_text()), f"{file} does not name {field}"


@pytest.mark.parametrize("field", User.OWN_FIELDS)
def test_the_settings_page_changes_the_fields_that_users_fill_in(field: str) -> None:
    user = create_user()

    pages.submit_form(pages.signed_in_browser(user), "/settings/", {field: "Something else"})

    user.refresh_from_db()
    assert getattr(user, field) == "Something else"
