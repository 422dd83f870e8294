"""Search and filters of users and referrals in the admin panel."""

from datetime import datetime

import pytest
from django.test import Client

from panel.admin.people import NEWEST_REFERRALS
from tests.support import factories
from tests.support.panel import PEOPLE, REFERRALS, user_page
from tests.support.scheduler import run_scheduled
from users.models import Referral, User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("term", ["8 999 123 45 67", "+7999123", "wan", "code"])
def test_users_are_found_by_phone_name_and_code(admin_client: Client, term: str) -> None:
    wanted = factories.create_user(phone_number="+79991234567", username="Wanted")
    factories.create_user(username="Somebody else")

    answer = admin_client.get(PEOPLE, {"q": wanted.referral_code.lower() if term == "code" else term})

    assert [*answer.context["cl"].result_list] == [wanted]


@pytest.mark.parametrize(
    "part",
    [
        *("+7916", "7916", "8 (916", "8-916-4"),
        *("4567", "7890", "456-78", "916 456", "(916) 456-7", "6.456\u00a078", "\uff14\uff15\uff16\uff17"),
    ],
)
def test_users_are_found_by_any_four_digits_of_a_number(admin_client: Client, part: str) -> None:
    wanted = factories.create_user(phone_number="+79164567890")
    factories.create_user(phone_number="+79994568790")

    assert [*admin_client.get(PEOPLE, {"q": part}).context["cl"].result_list] == [wanted]


@pytest.mark.parametrize("term", ["456", "+4567", "4567x", "x4567", "45x67", "4567#", "4568", "4567" * 40, "номер"])
def test_other_terms_find_no_digits_in_the_middle(admin_client: Client, term: str) -> None:
    factories.create_user(phone_number="+79164567890")

    answer = admin_client.get(PEOPLE, {"q": term})

    assert answer.status_code == 200
    assert [*answer.context["cl"].result_list] == []


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("Ёлкина Анна", ["ёлкина", "Елкина", "ЁЛКИНА АННА", "елкина  анна", "ел"]),
        ("José", ["jose", "JOSÉ", "Jose\u0301"]),
        ("Łukasz Żak", ["lukasz zak", "łuk"]),
        ("Straße", ["strasse", "STRASSE"]),
        ("فاطمه\u200cزهرا", ["فاطمهزهرا", "فاطمه\u200cزهرا"]),
        ("D'Artagnan 100%_", ["d'artagnan 100%_", "D'A"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_are_found_without_regard_to_case_and_accents(admin_client: Client, name: str, terms: list[str]) -> None:
    wanted = factories.create_user(username=name)
    factories.create_user(username="Somebody else")

    for term in terms:
        answer = admin_client.get(PEOPLE, {"q": term})
        assert [*answer.context["cl"].result_list] == [wanted], term


@pytest.mark.parametrize("term", ["100%", "a_b", "*", "[a]", "\\", "%", "'"])
def test_signs_of_patterns_mean_themselves(admin_client: Client, term: str) -> None:
    wanted = factories.create_user(username=f"{term} and more")
    factories.create_user(username="100 axb a")

    assert [*admin_client.get(PEOPLE, {"q": term}).context["cl"].result_list] == [wanted]


@pytest.mark.parametrize("term", ["7cdfhj", "7CDF-HJ", "7 cdf hj"])
def test_code_that_begins_with_a_digit_is_no_number(admin_client: Client, term: str) -> None:
    wanted = factories.create_user()
    User.objects.filter(pk=wanted.pk).update(referral_code="7CDFHJ")
    factories.create_user()

    assert [*admin_client.get(PEOPLE, {"q": term}).context["cl"].result_list] == [wanted]


@pytest.mark.parametrize("term", ["", " ", "\u200e", "()"])
def test_nothing_to_search_for_finds_nobody_by_chance(admin_client: Client, term: str) -> None:
    factories.create_user(username="()" if term == "()" else "Anna")

    found = [*admin_client.get(PEOPLE, {"q": term}).context["cl"].result_list]

    assert len(found) == (1 if term == "()" else 2 if not term else 0)


def test_a_changed_name_is_found_at_once(admin_client: Client) -> None:
    anna, clara = factories.create_user(username="Anna"), factories.create_user(username="Clara")

    User.objects.update_user(anna, username="Ёлка")
    User.objects.filter(pk=clara.pk).update(username="Zoë")

    def found(term: str) -> list[User]:
        return [*admin_client.get(PEOPLE, {"q": term}).context["cl"].result_list]

    assert [found("елка"), found("zoe"), found("anna"), found("clara")] == [[anna], [clara], [], []]


def test_names_that_an_older_release_saved_are_found_after_the_next_purge(admin_client: Client) -> None:
    wanted = factories.create_user(username="Ёлкина")
    User.objects.filter(pk=wanted.pk).update(search_name=None)
    before = User.objects.get(pk=wanted.pk).updated_at

    run_scheduled("purge")

    assert [*admin_client.get(PEOPLE, {"q": "елкина"}).context["cl"].result_list] == [wanted]
    assert User.objects.get(pk=wanted.pk).updated_at == before


def test_registration_period_includes_both_days(admin_client: Client) -> None:
    days = [f"2025-01-0{day}T{time}:00Z" for day in (1, 2, 3) for time in ("00:00", "23:59")]
    people = [factories.create_user(registered_at=datetime.fromisoformat(day)) for day in days]

    answer = admin_client.get(PEOPLE, {"registered_at_from": "2025-01-02", "registered_at_to": "2025-01-02"})

    assert {*answer.context["cl"].result_list} == {*people[2:4]}


def test_user_page_shows_the_newest_referrals_and_links_to_all(admin_client: Client) -> None:
    inviter = factories.create_user()
    newcomers = [factories.create_user(invited_by=inviter) for _ in range(NEWEST_REFERRALS + 1)]
    factories.create_user(invited_by=newcomers[0])

    html = admin_client.get(user_page(inviter)).content.decode()
    everybody = admin_client.get(REFERRALS, {"inviter": inviter.pk})

    assert user_page(newcomers[0]) not in html
    assert all(user_page(newcomer) in html for newcomer in newcomers[1:])
    assert f'href="{REFERRALS}?inviter={inviter.pk}"' in html
    assert everybody.context["cl"].result_count == NEWEST_REFERRALS + 1


def test_unknown_ordering_is_ignored(admin_client: Client) -> None:
    newest_first = [*User.objects.all(), *(factories.create_user(username=name) for name in "bca")][::-1]

    answer = admin_client.get(PEOPLE, {"o": "2"})

    assert [*answer.context["cl"].result_list] == newest_first


@pytest.mark.parametrize("unknown", ["999999", "9" * 40, "abc"])
def test_unknown_inviter_lists_no_referrals(admin_client: Client, unknown: str) -> None:
    factories.create_user(invited_by=factories.create_user())

    answer = admin_client.get(REFERRALS, {"inviter": unknown})

    assert answer.context["cl"].result_count == 0


@pytest.mark.parametrize("by", ["phone_number", "referral_code"])
def test_referrals_are_found_by_either_party(admin_client: Client, by: str) -> None:
    inviter = factories.create_user()
    invited = factories.create_user(invited_by=inviter)
    factories.create_user(invited_by=factories.create_user())

    for party in (inviter, invited):
        answer = admin_client.get(REFERRALS, {"q": str(getattr(party, by))})
        assert [*answer.context["cl"].result_list] == [Referral.objects.get(invited=invited)]
