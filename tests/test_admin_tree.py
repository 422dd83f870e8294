"""The referral tree on a user's page, as SVG and as a list."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from tests.support.factories import create_user
from tests.support.panel import REFERRALS, user_page
from tests.support.queries import count_queries
from users.models import User
from users.people.erasure import erase
from users.referrals import activation

pytestmark = pytest.mark.django_db


def tree(admin_client: Client, someone: User) -> str:
    html = admin_client.get(user_page(someone)).content.decode()
    found = re.search(r'<section class="board tree".+?</section>', html, re.DOTALL)
    return found[0] if found else ""


def picture(admin_client: Client, someone: User) -> str:
    found = re.search(r"<svg.+</svg>", tree(admin_client, someone), re.DOTALL)
    return found[0] if found else ""


def as_list(admin_client: Client, someone: User) -> str:
    return tree(admin_client, someone).partition("<details>")[2]


def names(part: str) -> list[str]:
    return re.findall(r"\b(?:Head|Inviter|Self|Child|Grandchild)\d*\b", part)


def test_shows_all_inviters_and_invited_users(admin_client: Client) -> None:
    head = create_user(username="Head")
    inviter = create_user(invited_by=head, username="Inviter")
    me = create_user(invited_by=inviter, username="Self")
    child = create_user(invited_by=me, username="Child")
    create_user(invited_by=child, username="Grandchild")
    create_user(invited_by=head, username="Stranger")

    assert names(as_list(admin_client, me)) == ["Head", "Inviter", "Child", "Grandchild"]
    assert sorted(names(picture(admin_client, me))) == ["Child", "Grandchild", "Head", "Inviter", "Self"]
    assert "Stranger" not in tree(admin_client, me)


def test_links_to_every_user(admin_client: Client) -> None:
    me = create_user(invited_by=create_user())
    child = create_user(invited_by=me)

    for part in (picture(admin_client, me), as_list(admin_client, me)):
        assert f'href="{user_page(me.invitation.inviter)}"' in part  # type: ignore[arg-type]
        assert f'href="{user_page(child)}"' in part


def test_many_invited_users_are_cut_to_the_newest(admin_client: Client) -> None:
    me = create_user()
    for nth in range(8):
        create_user(invited_by=me, username=f"Child{nth}")
    User.objects.filter(pk=me.pk).update(referrals_count=299_955)

    shown = tree(admin_client, me)

    assert names(as_list(admin_client, me)) == ["Child7", "Child6", "Child5", "Child4", "Child3"]
    assert shown.count("… and 299,950 more") == 2
    assert f'href="{REFERRALS}?inviter={me.pk}"' in shown


def test_long_chain_is_cut_to_the_nearest_and_the_head(admin_client: Client) -> None:
    me = create_user(username="Head")
    for nth in range(9):
        me = create_user(invited_by=me, username=f"Inviter{nth}")

    assert names(as_list(admin_client, me)) == ["Head", "Inviter4", "Inviter5", "Inviter6", "Inviter7"]
    assert "… and 4 more" in picture(admin_client, me)


def test_user_without_referrals_has_no_tree(admin_client: Client) -> None:
    assert tree(admin_client, create_user()) == ""


def test_erased_users_are_anonymous(admin_client: Client) -> None:
    inviter = create_user(username="Inviter")
    me = create_user(invited_by=inviter, username="Self")
    child = create_user(invited_by=me, username="Child")

    erase(user=inviter)
    erase(user=child)

    for part in (picture(admin_client, me), as_list(admin_client, me)):
        assert part.count("erased") >= 2
        assert not {"Inviter", "Child"} & {*names(part)}


def test_existing_circle_does_not_loop(admin_client: Client, settings: Settings) -> None:
    settings.REFERRAL_ALLOW_CIRCLES = True
    first = create_user(username="Head")
    second = create_user(invited_by=first, username="Child")
    activation.activate(user=first, referral_code=second.referral_code)

    assert set(names(tree(admin_client, first))) == {"Head", "Child"}


def test_names_are_escaped(admin_client: Client) -> None:
    me = create_user(invited_by=create_user(username="<script>alert(1)</script>"))

    assert "<script>" not in tree(admin_client, me)


def test_tree_has_no_style_attributes(admin_client: Client) -> None:
    assert not re.search(r"\sstyle=|\son\w+=", tree(admin_client, create_user(invited_by=create_user())))


def test_tree_is_translated(admin_client: Client) -> None:
    me = create_user()
    for _ in range(7):
        create_user(invited_by=me)

    html = admin_client.get(user_page(me), headers={"Accept-Language": "ru"}).content.decode()

    assert "… и ещё 2" in html
    assert "приглашено 7" in html


def test_the_number_of_queries_is_constant(admin_client: Client) -> None:
    def queries_with(people: int) -> int:
        me = create_user(invited_by=create_user(invited_by=create_user()))
        for _ in range(people):
            create_user(invited_by=create_user(invited_by=create_user(invited_by=me)))

        def open_page() -> None:
            assert tree(admin_client, me)

        return count_queries(open_page)

    tree(admin_client, create_user())  # fills the caches of the process

    assert queries_with(1) == queries_with(12)
