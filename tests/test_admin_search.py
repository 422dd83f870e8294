"""Finding people and referrals in the admin panel."""

import pytest
from django.test import Client

from panel.admin.people import NEWEST_REFERRALS
from tests.support import factories
from tests.support.panel import PEOPLE, REFERRALS, page_of
from users.models import Referral, User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("term", ["8 999 123 45 67", "+7999123", "wan", "code"])
def test_a_person_is_found_by_phone_name_and_code(boss: Client, term: str) -> None:
    wanted = factories.person(phone_number="+79991234567", username="Wanted")
    factories.person(username="Somebody else")

    answer = boss.get(PEOPLE, {"q": wanted.referral_code.lower() if term == "code" else term})

    assert [*answer.context["cl"].result_list] == [wanted]


def test_days_of_registration_are_both_included(boss: Client) -> None:
    days = [f"2025-01-0{day}T{time}:00Z" for day in (1, 2, 3) for time in ("00:00", "23:59")]
    people = [factories.person(registered_at=day) for day in days]

    answer = boss.get(PEOPLE, {"registered_at_from": "2025-01-02", "registered_at_to": "2025-01-02"})

    assert {*answer.context["cl"].result_list} == {*people[2:4]}


def test_a_page_shows_the_newest_people_invited_and_leads_to_all(boss: Client) -> None:
    inviter = factories.person()
    newcomers = [factories.invited_by(inviter) for _ in range(NEWEST_REFERRALS + 1)]
    factories.invited_by(newcomers[0])

    html = boss.get(page_of(inviter)).content.decode()
    everybody = boss.get(REFERRALS, {"inviter": inviter.pk})

    assert page_of(newcomers[0]) not in html
    assert all(page_of(newcomer) in html for newcomer in newcomers[1:])
    assert f'href="{REFERRALS}?inviter={inviter.pk}"' in html
    assert everybody.context["cl"].result_count == NEWEST_REFERRALS + 1


def test_an_order_that_no_heading_offers_is_ignored(boss: Client) -> None:
    newest_first = [*User.objects.all(), *(factories.person(username=name) for name in "bca")][::-1]

    answer = boss.get(PEOPLE, {"o": "2"})

    assert [*answer.context["cl"].result_list] == newest_first


@pytest.mark.parametrize("unknown", ["999999", "9" * 40, "abc"])
def test_an_inviter_who_is_gone_has_no_referrals_in_the_list(boss: Client, unknown: str) -> None:
    factories.invited_by(factories.person())

    answer = boss.get(REFERRALS, {"inviter": unknown})

    assert answer.context["cl"].result_count == 0


@pytest.mark.parametrize("by", ["phone_number", "referral_code"])
def test_referrals_are_found_by_either_party(boss: Client, by: str) -> None:
    inviter = factories.person()
    invited = factories.invited_by(inviter)
    factories.invited_by(factories.person())

    for party in (inviter, invited):
        answer = boss.get(REFERRALS, {"q": str(getattr(party, by))})
        assert [*answer.context["cl"].result_list] == [Referral.objects.get(invited=invited)]
