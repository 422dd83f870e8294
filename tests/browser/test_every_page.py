"""Every page for everyone: in both languages, light and dark, on the smallest screen (WCAG 2.2 AA)."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor
from tests.support.factories import invited_by, person, phone_number
from users.models import User

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DOCUMENTATION = {"/api/schema/swagger-ui/": ".swagger-ui .opblock", "/api/schema/redoc/": ".redoc-wrap h1"}


@pytest.fixture
def anna(transactional_db: None) -> User:
    """Somebody with two pages of people who came with her, one of them erased."""
    anna = person(username="Anna", phone_number=phone_number())
    for _ in range(22):
        gone = invited_by(anna)
    gone.delete()
    return anna


Walk = Callable[[Visitor], Iterator[str]]


@pytest.fixture
def every_page(anna: User, settings: Settings) -> Walk:
    """A walk through every page, that says where one is."""
    return lambda somebody: walk(somebody, anna, settings)


def walk(somebody: Visitor, anna: User, settings: Settings) -> Iterator[str]:
    invitation = f"/r/{anna.referral_code}/"
    for path in ("/", invitation, "/r/222222/", "/nowhere/", "/static/web/unavailable.html", "/sign-in/"):
        somebody.open(path)
        yield path
    yield from somebody.mistyped("phone_number", "12", "/sign-in/")
    somebody.page.fill("[name=phone_number]", str(anna.phone_number))
    somebody.page.press("[name=phone_number]", "Enter")
    somebody.page.wait_for_url("**/sign-in/code/")
    yield "/sign-in/code/"
    yield from somebody.mistyped("confirmation_code", "12", "/sign-in/code/")
    somebody.page.fill("[name=confirmation_code]", somebody.page.inner_text(".exposed"))
    somebody.page.press("[name=confirmation_code]", "Enter")
    somebody.page.wait_for_url("**/profile/")
    yield "/profile/"
    yield from somebody.mistyped("used_referral_code", anna.referral_code, "/profile/")
    for path in ("/settings/", "/settings/erase/", invitation, f"/r/{person().referral_code}/"):
        somebody.open(path)
        yield path
    somebody.open("/profile/")
    somebody.page.locator("[rel=next]").click()
    somebody.page.wait_for_url("**/profile/?before=*")
    yield "/profile/?before="
    settings.SMS_URL = None  # a setting that no code expects
    somebody.page.context.clear_cookies()
    somebody.open("/sign-in/")
    somebody.page.fill("[name=phone_number]", phone_number())
    somebody.page.press("[name=phone_number]", "Enter")
    somebody.page.get_by_text("500").wait_for()
    yield "a defect of ours"


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_stands_in_anybodys_way(
    visitor: NewVisitor, axe: str, every_page: Walk, language: str, colours: str
) -> None:
    somebody = visitor(locale=language, color_scheme=colours)

    violations = [
        (where, violation["id"], [node["html"] for node in violation["nodes"]])
        for where in every_page(somebody)
        for violation in somebody.violations(axe, [*WCAG, "best-practice"])
    ]

    assert violations == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_fits_the_smallest_screen(visitor: NewVisitor, every_page: Walk, language: str) -> None:
    longest_id = {"X-Request-ID": "W" * 64}  # shown where the service failed
    somebody = visitor(locale=language, viewport={"width": 320, "height": 640}, extra_http_headers=longest_id)

    wider = [(where, somebody.overflow) for where in every_page(somebody) if somebody.overflow > 0]

    assert wider == []


@pytest.mark.parametrize("path", DOCUMENTATION)
def test_the_documentation_asks_no_other_host_and_shows_no_error(visitor: NewVisitor, path: str) -> None:
    reader = visitor()

    reader.open(path)
    reader.page.locator(DOCUMENTATION[path]).first.wait_for()
    reader.page.wait_for_load_state("networkidle")

    assert "Referral service" in reader.page.title()


def test_the_sign_in_of_staff_stands_in_nobodys_way(visitor: NewVisitor, axe: str, transactional_db: None) -> None:
    staff = visitor()

    staff.open("/admin/")

    assert staff.page.locator("[name=password]").is_visible()
    assert staff.violations(axe, WCAG) == []
