"""The tree of invitations on a person's page: who invited whom, as a picture and as a list."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.support.factories import invited_by, person
from tests.support.panel import REFERRALS, page_of
from users.models import User
from users.people.erasure import erase
from users.referrals import activation

pytestmark = pytest.mark.django_db


def tree(boss: Client, someone: User) -> str:
    html = boss.get(page_of(someone)).content.decode()
    found = re.search(r'<section class="board tree".+?</section>', html, re.DOTALL)
    return found[0] if found else ""


def picture(boss: Client, someone: User) -> str:
    found = re.search(r"<svg.+</svg>", tree(boss, someone), re.DOTALL)
    return found[0] if found else ""


def as_list(boss: Client, someone: User) -> str:
    return tree(boss, someone).partition("<details>")[2]


def names(part: str) -> list[str]:
    return re.findall(r"\b(?:Head|Inviter|Self|Child|Grandchild)\d*\b", part)


def test_shows_everybody_up_to_the_head_and_those_invited(boss: Client) -> None:
    head = person(username="Head")
    inviter = invited_by(head, username="Inviter")
    me = invited_by(inviter, username="Self")
    child = invited_by(me, username="Child")
    invited_by(child, username="Grandchild")
    invited_by(head, username="Stranger")

    assert names(as_list(boss, me)) == ["Head", "Inviter", "Child", "Grandchild"]
    assert sorted(names(picture(boss, me))) == ["Child", "Grandchild", "Head", "Inviter", "Self"]
    assert "Stranger" not in tree(boss, me)


def test_leads_to_the_page_of_each(boss: Client) -> None:
    me = invited_by(person())
    child = invited_by(me)

    for part in (picture(boss, me), as_list(boss, me)):
        assert f'href="{page_of(me.invitation.inviter)}"' in part  # type: ignore[arg-type]
        assert f'href="{page_of(child)}"' in part


def test_of_many_it_shows_the_newest_and_says_how_many_more_there_are(boss: Client) -> None:
    me = person()
    for nth in range(8):
        invited_by(me, username=f"Child{nth}")
    User.objects.filter(pk=me.pk).update(referrals_count=299_955)

    shown = tree(boss, me)

    assert names(as_list(boss, me)) == ["Child7", "Child6", "Child5", "Child4", "Child3"]
    assert shown.count("… and 299,950 more") == 2
    assert f'href="{REFERRALS}?inviter={me.pk}"' in shown


def test_of_a_long_chain_it_shows_the_nearest_and_the_head(boss: Client) -> None:
    me = person(username="Head")
    for nth in range(9):
        me = invited_by(me, username=f"Inviter{nth}")

    assert names(as_list(boss, me)) == ["Head", "Inviter4", "Inviter5", "Inviter6", "Inviter7"]
    assert "… and 4 more" in picture(boss, me)


def test_who_has_nobody_around_has_no_tree(boss: Client) -> None:
    assert tree(boss, person()) == ""


def test_erased_people_have_a_place_but_no_name(boss: Client) -> None:
    inviter = person(username="Inviter")
    me = invited_by(inviter, username="Self")
    child = invited_by(me, username="Child")

    erase(user=inviter)
    erase(user=child)

    for part in (picture(boss, me), as_list(boss, me)):
        assert part.count("erased") >= 2
        assert not {"Inviter", "Child"} & {*names(part)}


def test_a_circle_from_a_time_when_they_were_allowed_ends(boss: Client, settings: Settings) -> None:
    settings.REFERRAL_ALLOW_CIRCLES = True
    first = person(username="Head")
    second = invited_by(first, username="Child")
    activation.activate(user=first, referral_code=second.referral_code)

    assert set(names(tree(boss, first))) == {"Head", "Child"}


def test_a_name_is_text(boss: Client) -> None:
    me = invited_by(person(username="<script>alert(1)</script>"))

    assert "<script>" not in tree(boss, me)


def test_has_no_style_attributes_that_a_strict_policy_would_drop(boss: Client) -> None:
    assert not re.search(r"\sstyle=|\son\w+=", tree(boss, invited_by(person())))


def test_is_in_russian_as_well(boss: Client) -> None:
    me = person()
    for _ in range(7):
        invited_by(me)

    html = boss.get(page_of(me), headers={"Accept-Language": "ru"}).content.decode()

    assert "… и ещё 2" in html
    assert "приглашено 7" in html


def test_takes_as_many_queries_for_many_as_for_few(boss: Client) -> None:
    def queries_with(people: int) -> int:
        me = invited_by(invited_by(person()))
        for _ in range(people):
            invited_by(invited_by(invited_by(me)))
        with CaptureQueriesContext(connection) as queries:
            assert tree(boss, me)
        return len(queries)

    tree(boss, person())  # asks for what a process then remembers

    assert queries_with(1) == queries_with(12)
