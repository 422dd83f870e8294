"""The admin panel in a browser: accessibility (WCAG 2.2 AA), charts, tree and export."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tests.browser.conftest import NewVisitor
from tests.browser.test_accessibility import WCAG
from tests.browser.visitor import EVERY_LOOK, Look, Visitor, looks
from tests.support.factories import create_superuser, create_user
from users.models import User

PASSWORD = "a good one"
#: For EVERY_LOOK.
MORE_LISTS = (
    *("confirmationcode", "delivery", "signinattempt", "auditrecord", "secondfactor", "serviceaccount", "servicekey"),
    *("webhook", "webhookdelivery"),
)
MORE_PAGES = (
    *(f"users/{name}/" for name in MORE_LISTS),
    *("users/user/add/", "users/servicekey/add/", "users/webhook/add/", "auth/group/", "auth/group/add/"),
    *("axes/accessattempt/", "delivery-report/", "password_change/", "users/user/?q=x4567"),
)


@pytest.fixture
def admin_user(transactional_db: None) -> User:
    return create_superuser(password=PASSWORD)


@pytest.fixture
def anna(admin_user: User) -> User:
    """A user in the middle of a referral tree."""
    anna = create_user(invited_by=create_user(invited_by=create_user(username="Head")), username="Anna")
    for _ in range(7):
        create_user(invited_by=create_user(invited_by=anna, username="Boris"))
    return anna


def sign_in_to_panel(staff: Visitor, admin_user: User, password: str = PASSWORD) -> None:
    staff.open("/admin/")
    staff.page.fill("[name=username]", str(admin_user.phone_number))
    staff.page.fill("[name=password]", password)
    staff.page.press("[name=password]", "Enter")
    staff.page.wait_for_url("**/admin/")


def pages(staff: Visitor, anna: User) -> Iterator[str]:
    """Open every page, expand all `<details>` and yield its path."""
    person = f"users/user/{anna.pk}/"
    for path in (
        *("", "?from=2026-01-02&to=2026-01-01", f"{person}change/", "users/user/", "users/referral/"),
        *((*MORE_PAGES, f"{person}delete/") if EVERY_LOOK else ()),
    ):
        staff.open(f"/admin/{path}")
        staff.page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        yield path


@pytest.fixture
def rows_of_lists(admin_user: User, settings: Settings) -> None:
    if EVERY_LOOK:
        settings.DEBUG = True
        call_command("demo", people=30)


@pytest.mark.usefixtures("rows_of_lists")
@pytest.mark.parametrize("look", looks(Look("en", "light", 1280), Look("ru", "dark", 1280), javascript=[True]), ids=str)
def test_no_accessibility_violation_in_the_panel(
    visitor: NewVisitor, axe: str, admin_user: User, anna: User, look: Look
) -> None:
    staff = visitor(**look.options)
    sign_in_to_panel(staff, admin_user)

    violations = [
        (where, violation["id"], [node["html"] for node in violation["nodes"]])
        for where in pages(staff, anna)
        for violation in staff.violations(axe, WCAG)
    ]

    assert violations == []


def test_charts_are_drawn(visitor: NewVisitor, admin_user: User, anna: User) -> None:
    staff = visitor()
    sign_in_to_panel(staff, admin_user)
    staff.wait_for_charts()

    drawn = staff.page.evaluate(
        "[...document.querySelectorAll('canvas[data-chart]')].map(canvas => Chart.getChart(canvas).data.datasets"
        ".map(series => series.data.reduce((sum, number) => sum + number, 0)))"
    )

    people = User.objects.count()
    assert drawn == [[people, 0, people - 2], [0, 0]]


def test_charts_follow_the_theme(visitor: NewVisitor, admin_user: User) -> None:
    staff = visitor(color_scheme="light")
    sign_in_to_panel(staff, admin_user)
    staff.wait_for_charts()
    colour = "Chart.getChart(document.querySelector('canvas[data-chart]')).data.datasets[0].borderColor"
    light = staff.page.evaluate(colour)

    staff.page.evaluate("document.documentElement.classList.add('dark')")
    staff.page.wait_for_function(f"{colour} !== '{light}'")

    assert staff.page.evaluate(colour) != light


def test_demo_data_fills_the_dashboard_and_the_tree(
    visitor: NewVisitor, transactional_db: None, settings: Settings
) -> None:
    settings.DEBUG = True
    call_command("demo", people=150)
    inviter = User.objects.filter(invitation__isnull=False).order_by("-referrals_count", "id")[0]
    staff = visitor()
    sign_in_to_panel(staff, User.objects.get(is_staff=True), "demo-password")
    staff.wait_for_charts()
    staff.screenshot("dashboard")

    shown = [int(number) for number in staff.page.locator("dd.board-number").all_inner_texts()]
    staff.open(f"/admin/users/user/{inviter.pk}/change/")
    staff.page.locator("#tree-title").evaluate("title => title.scrollIntoView()")
    staff.screenshot("tree")

    assert min(shown) > 30
    assert staff.page.locator(".tree svg svg").count() > 4


def test_tree_nodes_link_to_user_pages(visitor: NewVisitor, admin_user: User, anna: User) -> None:
    staff = visitor()
    sign_in_to_panel(staff, admin_user)
    page_of_inviter = f"/admin/users/user/{anna.invitation.inviter_id}/change/"
    staff.open(f"/admin/users/user/{anna.pk}/change/")

    staff.page.locator(f'.tree svg a[href="{page_of_inviter}"]').click()

    staff.page.wait_for_url(f"**{page_of_inviter}")


def test_export_shows_its_progress(visitor: NewVisitor, admin_user: User, anna: User, tmp_path: Path) -> None:
    staff = visitor()
    sign_in_to_panel(staff, admin_user)
    staff.open("/admin/users/user/")

    with staff.page.expect_download() as download:
        staff.page.get_by_text("Export to CSV").click()

    people = User.objects.count()
    assert staff.page.locator(".export [role=status]").inner_text() == f"{people} of {people}"
    download.value.save_as(tmp_path / "people.csv")
    assert len(list(csv.DictReader((tmp_path / "people.csv").open(encoding="utf-8-sig")))) == people


def test_the_panel_fits_a_phone_and_a_laptop(visitor: NewVisitor, admin_user: User, anna: User) -> None:
    for _ in range(44 - User.objects.count()):
        create_user(username="Somebody with a name")
    person = f"/admin/users/user/{anna.pk}/"
    staff = visitor(viewport={"width": 390, "height": 844}, locale="ru")
    sign_in_to_panel(staff, admin_user)

    wider = {}
    own = ("", "users/user/", "delivery-report/", "users/confirmationcode/", "users/webhook/add/", "auth/group/add/")
    for path in (*(f"/admin/{each}" for each in own), f"{person}change/", f"{person}delete/"):
        staff.open(path)
        wider[path] = staff.overflow
    staff.open("/admin/users/user/")
    height = staff.page.evaluate("document.querySelector('#result_list').scrollHeight")
    staff.page.set_viewport_size({"width": 1280, "height": 800})
    cut = staff.page.evaluate(
        "list => list.scrollWidth - list.parentElement.clientWidth", staff.page.query_selector("#result_list")
    )

    assert {path: widths for path, widths in wider.items() if widths} == {}
    assert height < 8_000
    assert cut <= 0
