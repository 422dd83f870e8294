"""Accessibility of every page (WCAG 2.2 AA): in two looks, or all if EVERY_LOOK is set."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Look, Visitor, looks
from tests.support.api import break_registration
from tests.support.factories import create_user, phone_number
from users.models import User

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DOCUMENTATION = {"/api/schema/swagger-ui/": ".swagger-ui .opblock", "/api/schema/redoc/": ".redoc-wrap h1"}


@pytest.fixture
def anna(transactional_db: None) -> User:
    """A user with two pages of referrals, one of them erased."""
    anna = create_user(username="Anna", phone_number=phone_number())
    for _ in range(22):
        erased = create_user(invited_by=anna)
    erased.delete()
    return anna


Walk = Callable[[Visitor], Iterator[str]]


@pytest.fixture
def every_page(anna: User, settings: Settings) -> Walk:
    """Return a function that opens every page and yields its path."""
    return lambda guest: walk(guest, anna, settings)


def walk(guest: Visitor, anna: User, settings: Settings) -> Iterator[str]:
    invitation = f"/r/{anna.referral_code}/"
    for path in ("/", invitation, "/r/222222/", "/nowhere/", "/static/web/unavailable.html", "/sign-in/"):
        guest.open(path)
        yield path
    yield from guest.submit_invalid("phone_number", "12", "/sign-in/")
    guest.page.fill("[name=phone_number]", str(anna.phone_number))
    guest.page.press("[name=phone_number]", "Enter")
    guest.page.wait_for_url("**/sign-in/code/")
    yield "/sign-in/code/"
    yield from guest.submit_invalid("confirmation_code", "12", "/sign-in/code/")
    guest.enter_code()
    yield "/profile/"
    yield from guest.submit_invalid("used_referral_code", anna.referral_code, "/profile/")
    for path in (
        "/settings/",
        "/settings/erase/",
        "/settings/sessions/",
        "/settings/confirm/",
        invitation,
        f"/r/{create_user().referral_code}/",
    ):
        guest.open(path)
        yield path
    guest.open("/settings/number/")
    yield "/settings/number/"
    guest.page.fill("[name=phone_number]", phone_number())
    guest.page.press("[name=phone_number]", "Enter")
    guest.page.wait_for_url("**/settings/number/code/")
    yield "/settings/number/code/"
    guest.open("/profile/")
    guest.page.locator("[rel=next]").click()
    guest.page.wait_for_url("**/profile/?before=*")
    yield "/profile/?before="
    break_registration(settings)
    guest.page.context.clear_cookies()
    guest.open("/sign-in/")
    guest.page.fill("[name=phone_number]", phone_number())
    guest.page.press("[name=phone_number]", "Enter")
    guest.page.get_by_text("500", exact=True).wait_for()
    yield "server error"


@pytest.mark.parametrize("look", looks(Look("en", "dark", 1280), Look("ru", "light", 320)), ids=str)
def test_pages_are_accessible_and_fit_the_screen(visitor: NewVisitor, axe: str, every_page: Walk, look: Look) -> None:
    longest_id = {"X-Request-ID": "W" * 64}  # shown on the page of a server error
    guest = visitor(**look.options, extra_http_headers=longest_id)

    defects = [
        defect
        for where in every_page(guest)
        for defect in (
            *((where, "px too wide at", width, pixels) for width, pixels in guest.overflow.items()),
            *(
                (where, violation["id"], [node["html"] for node in violation["nodes"]])
                for violation in guest.violations(axe, [*WCAG, "best-practice"])
            ),
        )
    ]

    assert defects == []


@pytest.mark.parametrize("path", DOCUMENTATION)
def test_documentation_loads_without_errors_or_other_hosts(visitor: NewVisitor, path: str) -> None:
    guest = visitor()

    guest.open(path)
    guest.page.locator(DOCUMENTATION[path]).first.wait_for()

    assert "Referral service" in guest.page.title()


def test_redoc_has_the_theme_of_the_pages_and_no_broken_image(visitor: NewVisitor, axe: str) -> None:
    guest = visitor(color_scheme="dark")

    guest.open("/api/schema/redoc/")
    guest.page.locator(".redoc-wrap h5").first.wait_for()
    images = guest.page.locator("img")
    expect(images).to_have_count(0)  # ReDoc removes its logo once that has failed

    assert guest.background == "rgb(19, 21, 18)"
    assert guest.violations(axe, ["color-contrast"]) == []
    guest.page.context.add_cookies([{"name": "theme", "value": "light", "url": guest.page.url}])
    guest.page.reload()
    guest.page.locator(".redoc-wrap h1").first.wait_for()
    assert guest.background != "rgb(19, 21, 18)"


@pytest.mark.parametrize("look", looks(Look("en", "light", 1280), javascript=[True]), ids=str)
def test_no_accessibility_violation_on_the_panel_sign_in(
    visitor: NewVisitor, axe: str, transactional_db: None, look: Look
) -> None:
    staff = visitor(**look.options)

    staff.open("/admin/")

    button = staff.page.locator("#login-form [type=submit]")
    assert button.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(14, 90, 68)"
    assert staff.page.locator("[name=password]").is_visible()
    assert staff.violations(axe, WCAG) == []
