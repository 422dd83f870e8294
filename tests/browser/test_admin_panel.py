"""The panel of the staff: for everyone (WCAG 2.2 AA), and what of it only a browser shows."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tests.browser.conftest import NewVisitor
from tests.browser.test_every_page import WCAG
from tests.browser.visitor import Visitor
from tests.support.factories import invited_by, person, superuser
from users.models import User

PASSWORD = "a good one"


@pytest.fixture
def boss(transactional_db: None) -> User:
    return superuser(password=PASSWORD)


@pytest.fixture
def anna(boss: User) -> User:
    """Somebody in the middle of a tree."""
    anna = invited_by(invited_by(person(username="Head")), username="Anna")
    for _ in range(7):
        invited_by(invited_by(anna, username="Boris"))
    return anna


def enter(staff: Visitor, boss: User, password: str = PASSWORD) -> None:
    staff.open("/admin/")
    staff.page.fill("[name=username]", str(boss.phone_number))
    staff.page.fill("[name=password]", password)
    staff.page.press("[name=password]", "Enter")
    staff.page.wait_for_url("**/admin/")


def pages(staff: Visitor, anna: User) -> Iterator[str]:
    """Go from page to page, with all that can be unfolded unfolded, and say where one is."""
    lists = ("user", "referral")
    change = f"/admin/users/user/{anna.pk}/change/"
    for path in (
        "/admin/",
        "/admin/?from=2026-01-02&to=2026-01-01",
        change,
        *(f"/admin/users/{name}/" for name in lists),
    ):
        staff.open(path)
        staff.page.wait_for_load_state("networkidle")
        staff.page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        yield path


@pytest.mark.parametrize(("language", "colours"), [("en", "light"), ("ru", "dark")])
def test_nothing_stands_in_the_way_of_staff(
    visitor: NewVisitor, axe: str, anna: User, language: str, colours: str
) -> None:
    staff = visitor(locale=language, color_scheme=colours)
    enter(staff, User.objects.get(is_superuser=True))

    violations = [
        (where, violation["id"], [node["html"] for node in violation["nodes"]])
        for where in pages(staff, anna)
        for violation in staff.violations(axe, WCAG)
    ]

    assert violations == []


def test_the_charts_are_drawn(visitor: NewVisitor, boss: User, anna: User) -> None:
    staff = visitor()
    enter(staff, boss)
    staff.page.wait_for_load_state("networkidle")

    drawn = staff.page.evaluate(
        "[...document.querySelectorAll('canvas[data-chart]')].map(canvas => Chart.getChart(canvas).data.datasets"
        ".map(series => series.data.reduce((sum, number) => sum + number, 0)))"
    )

    people = User.objects.count()
    assert drawn == [[people, 0, people - 2], [0, 0]]


def test_the_charts_change_colours_with_the_theme(visitor: NewVisitor, boss: User) -> None:
    staff = visitor(color_scheme="light")
    enter(staff, boss)
    staff.page.wait_for_load_state("networkidle")
    colour = "Chart.getChart(document.querySelector('canvas[data-chart]')).data.datasets[0].borderColor"
    light = staff.page.evaluate(colour)

    staff.page.evaluate("document.documentElement.classList.add('dark')")
    staff.page.wait_for_function(f"{colour} !== '{light}'")

    assert staff.page.evaluate(colour) != light


def test_the_demo_gives_the_dashboard_and_a_tree_something_to_show(
    visitor: NewVisitor, transactional_db: None, settings: Settings
) -> None:
    settings.DEBUG = True
    call_command("demo", people=150)
    inviter = User.objects.filter(invitation__isnull=False).order_by("-referrals_count", "id")[0]
    staff = visitor()
    enter(staff, User.objects.get(is_staff=True), "demo-password")
    staff.page.wait_for_load_state("networkidle")
    staff.photograph("dashboard")

    shown = [int(number) for number in staff.page.locator("dd.board-number").all_inner_texts()]
    staff.open(f"/admin/users/user/{inviter.pk}/change/")
    staff.page.locator("#tree-title").evaluate("title => title.scrollIntoView()")
    staff.photograph("tree")

    assert min(shown) > 30
    assert staff.page.locator(".tree svg svg").count() > 4


def test_a_place_in_the_tree_leads_to_the_person(visitor: NewVisitor, boss: User, anna: User) -> None:
    staff = visitor()
    enter(staff, boss)
    page_of_inviter = f"/admin/users/user/{anna.invitation.inviter_id}/change/"
    staff.open(f"/admin/users/user/{anna.pk}/change/")

    staff.page.locator(f'.tree svg a[href="{page_of_inviter}"]').click()

    staff.page.wait_for_url(f"**{page_of_inviter}")


def test_an_export_shows_how_far_it_has_come(visitor: NewVisitor, boss: User, anna: User, tmp_path: Path) -> None:
    staff = visitor()
    enter(staff, boss)
    staff.open("/admin/users/user/")

    with staff.page.expect_download() as download:
        staff.page.get_by_text("Export to CSV").click()

    people = User.objects.count()
    assert staff.page.locator(".export [role=status]").inner_text() == f"{people} of {people}"
    download.value.save_as(tmp_path / "people.csv")
    assert len(list(csv.DictReader((tmp_path / "people.csv").open(encoding="utf-8-sig")))) == people
