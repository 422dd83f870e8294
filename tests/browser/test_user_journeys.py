"""Complete user journeys: sign-in, invitation, activation, sign-out."""

import re

import pytest
from pytest_django import Settings

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import PICTURE_SIZE, animate
from tests.support.factories import create_user, phone_number
from users.models import User

ANNA, BORIS, CLARA = "8 (916) 123-45-67", "+7 916 765-43-21", "+7 916 222-33-44"
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
LIGHT, DARK = "rgb(247, 246, 242)", "rgb(19, 21, 18)"


def test_sign_up_by_a_share_link(visitor: NewVisitor) -> None:
    anna, boris = visitor(permissions=["clipboard-read", "clipboard-write"]), visitor()

    anna.open("/")
    anna.screenshot("start")
    anna.press("Sign in by phone")
    anna.screenshot("1-sign-in")
    anna.request_code(ANNA)
    anna.screenshot("2-code")
    anna.enter_code()
    anna.screenshot("3-welcome")
    anna.press("Copy the link")
    anna.page.get_by_text("Copied").first.wait_for()
    link = anna.page.evaluate("navigator.clipboard.readText()")
    boris.open(link)
    boris.screenshot("4-invitation")
    boris.request_code(BORIS)
    boris.enter_code()
    boris.screenshot("5-came")
    anna.page.reload()
    anna.screenshot("6-who-came")
    animate(["1-sign-in", "2-code", "3-welcome", "4-invitation", "5-came", "6-who-came"], "main-job")

    code = anna.my_code.inner_text()
    assert link.endswith(f"/r/{code}/")
    assert f"You came with the invite code {code}" in boris.read()
    assert anna.referrals == ["+7 916 765-43-21"]


def test_typed_invite_code_is_activated_once(visitor: NewVisitor) -> None:
    anna, boris, clara = visitor(), visitor(), visitor()
    annas, claras = anna.sign_in(ANNA), clara.sign_in(CLARA)
    boris.sign_in(BORIS)
    another_window = boris.page.context.new_page()
    another_window.goto("/profile/")

    boris.fill("Invite code of another person", f" {annas[:3].lower()}-{annas[3:]} ")
    boris.press("Activate")
    boris.page.get_by_text(f"You came with the invite code {annas}").wait_for()
    another_window.get_by_label("Invite code of another person").fill(claras)
    another_window.get_by_role("button", name="Activate").click()
    another_window.get_by_text("That can be done once only").wait_for()
    boris.open(f"/r/{claras}/")

    assert "You came with another code already" in boris.read()
    for each, came in ((anna, ["+7 916 765-43-21"]), (clara, [])):
        each.page.reload()
        assert each.referrals == came


def test_form_error_is_shown_at_its_field(visitor: NewVisitor) -> None:
    anna = visitor()
    annas = anna.sign_in(ANNA)

    anna.fill("Invite code of another person", annas)
    anna.press("Activate")

    field = anna.page.get_by_label("Invite code of another person")
    described_by = field.get_attribute("aria-describedby") or ""
    assert field.get_attribute("aria-invalid") == "true"
    described = [anna.page.locator(f"#{each}").inner_text() for each in described_by.split()]
    assert any("This is your own code" in text for text in described)
    assert anna.page.title().startswith("Error")


def test_sign_out_everywhere_ends_all_browser_sessions(visitor: NewVisitor) -> None:
    here, there = visitor(), visitor()
    phone = phone_number()
    here.sign_in(phone)
    there.sign_in(phone)

    here.press("Settings")
    here.press("Sign out everywhere")
    here.page.get_by_text("You are signed out everywhere").wait_for()

    assert not here.is_signed_in
    assert not there.is_signed_in


def test_sign_in_in_russian(visitor: NewVisitor) -> None:
    anna = visitor()
    anna.open("/")
    anna.press("Русский")
    anna.press("Войти по телефону")
    anna.fill("Номер телефона", ANNA)
    anna.press("Получить код")
    anna.fill("Код из сообщения", anna.page.locator(".exposed").inner_text())
    anna.page.wait_for_url("**/profile/")
    anna.screenshot("russian")

    assert anna.page.locator("html").get_attribute("lang") == "ru"
    assert "Мой код приглашения" in anna.read()
    assert not re.search(r"[A-Za-z]{4,} [A-Za-z]{2,}", anna.read().replace("Telegram WhatsApp", ""))


def test_pages_work_without_javascript(visitor: NewVisitor) -> None:
    anna, boris = visitor(java_script_enabled=False), visitor(java_script_enabled=False)

    annas = anna.sign_in(ANNA)
    boris.sign_in(BORIS, start=f"/r/{annas}/")
    anna.open("/profile/")

    assert anna.referrals == ["+7 916 765-43-21"]
    assert anna.page.get_by_role("button", name="Copy the code").count() == 0
    boris.open("/settings/")
    boris.press("Delete my data")
    boris.page.get_by_label("I understand").check()
    boris.press("Delete everything")
    assert "Everything about you is deleted." in boris.read()
    anna.open("/profile/")
    assert "Deleted account" in anna.read()


def test_pages_work_with_keyboard_only(visitor: NewVisitor) -> None:
    anna = visitor(permissions=["clipboard-read", "clipboard-write"])
    keyboard = anna.page.keyboard

    anna.open("/sign-in/")
    keyboard.type(ANNA)
    keyboard.press("Enter")
    anna.page.wait_for_url("**/sign-in/code/")
    keyboard.type(anna.page.locator(".exposed").inner_text())
    anna.page.wait_for_url("**/profile/")
    keyboard.press("Tab")
    skip = anna.page.evaluate("document.activeElement.getAttribute('href')")
    keyboard.press("Enter")
    keyboard.press("Tab")
    keyboard.press("Enter")
    anna.page.get_by_text("Copied").first.wait_for()

    assert skip == "#content"
    assert anna.page.evaluate("navigator.clipboard.readText()") == anna.my_code.inner_text()


def test_focus_is_visible(visitor: NewVisitor) -> None:
    anna = visitor()
    anna.sign_in(ANNA)
    everything = anna.page.locator("a:visible, button:visible, input:visible").count()

    outlines = []
    for _ in range(everything):
        anna.page.keyboard.press("Tab")
        outlines.append(anna.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))

    assert set(outlines) == {"solid"}


def test_resend_button_is_enabled_after_the_cooldown(visitor: NewVisitor) -> None:
    anna = visitor()
    anna.page.clock.install()
    anna.open("/sign-in/")
    anna.request_code(ANNA)

    waiting = anna.page.get_by_role("button", name=re.compile(r"New code in \d\d s"))
    waiting.wait_for()
    is_disabled = waiting.get_attribute("aria-disabled")
    anna.page.clock.fast_forward(61_000)

    assert is_disabled == "true"
    assert anna.page.get_by_role("button", name="Send a new code").get_attribute("aria-disabled") == "false"


def test_share_button_uses_the_web_share_api(visitor: NewVisitor) -> None:
    anna = visitor(**PHONE)
    anna.page.add_init_script("navigator.share = async (what) => { window.shared = what }")
    code = anna.sign_in(ANNA)
    anna.screenshot("phone")

    anna.press("Share")

    shared = anna.page.evaluate("window.shared")
    assert shared["url"].endswith(f"/r/{code}/")


@pytest.mark.parametrize("look", ["en-light", "en-dark", "ru-light", "ru-dark"])
def test_the_start_page_shows_the_product_in_the_language_and_theme_of_the_page(
    visitor: NewVisitor, settings: Settings, look: str
) -> None:
    language, theme = look.split("-")
    anna = create_user(username={"en": "Anna", "ru": "Анна"}[language], phone_number="+79161234567")
    User.objects.filter(pk=anna.pk).update(referral_code="K7M2XP")
    guest = visitor(locale=language, color_scheme=theme, **PHONE)
    guest.page.add_init_script("navigator.share = async () => {}")

    guest.open("/")
    shown = guest.page.locator(".hero__picture img")
    source, size = shown.evaluate("img => [img.currentSrc, [img.naturalWidth, img.naturalHeight]]")
    settings.PUBLIC_URL = "https://friends.example"
    guest.sign_in_anywhere(ANNA)
    guest.picture(f"product-{look}")

    assert source.endswith(f"/product-{look}.webp")
    assert tuple(size) == PICTURE_SIZE


@pytest.mark.parametrize("language", ["en", "ru"])
def test_actions_of_the_ticket_are_a_grid_of_equal_buttons(visitor: NewVisitor, language: str) -> None:
    anna = visitor(locale=language)
    anna.page.add_init_script("navigator.share = async () => {}")
    anna.sign_in_anywhere(ANNA)
    measure = """actions => {
        const all = [...actions.children], boxes = all.map(one => one.getBoundingClientRect());
        const count = of => new Set(boxes.map(of).map(Math.round)).size;
        const isCut = all.some(one => one.scrollWidth > one.offsetWidth);
        return [count(box => box.top), count(box => box.width), count(box => box.height), isCut];
    }"""

    measured = {}
    for width in (1280, 390, 320):
        anna.page.set_viewport_size({"width": width, "height": 800})
        rows, widths, heights, is_cut = anna.page.locator(".ticket__actions").evaluate(measure)
        measured[width] = (rows, widths, heights, is_cut)

    assert measured == {1280: (1, 1, 1, False), 390: (2, 1, 1, False), 320: (3, 1, 1, False)}


def test_theme_is_kept_between_pages(visitor: NewVisitor) -> None:
    user = create_user(username="Anna", phone_number="+79161234567")
    for _ in range(7):
        create_user(invited_by=user)
    anna = visitor()
    anna.sign_in(ANNA)
    anna.screenshot("profile")

    anna.press("Dark")
    anna.page.get_by_role("button", name="Dark", pressed=True).wait_for()
    anna.screenshot("dark")
    anna.open("/settings/")

    assert anna.background == DARK


def test_light_theme_overrides_a_dark_system(visitor: NewVisitor) -> None:
    anna = visitor(color_scheme="dark")
    anna.open("/sign-in/")
    system_background = anna.background

    anna.press("Light")
    anna.page.get_by_role("button", name="Light", pressed=True).wait_for()

    assert (system_background, anna.background) == (DARK, LIGHT)


def test_first_views_are_light_and_do_not_shift(visitor: NewVisitor) -> None:
    guest, code = visitor(locale="ru"), create_user().referral_code
    measure = """() => new Promise(resolve => {
        let shift = 0;
        new PerformanceObserver(list => list.getEntries().forEach(entry => { shift += entry.value; }))
            .observe({ type: "layout-shift", buffered: true });
        const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
        setTimeout(() => resolve([loaded.reduce((sum, entry) => sum + entry.encodedBodySize, 0), shift]), 50);
    })"""

    guest.open("/")
    guest.page.evaluate("document.fonts.ready.then(() => true)")
    start, start_shift = guest.page.evaluate(measure)
    guest.page.context.clear_cookies()
    guest.open(f"/r/{code}/")
    guest.page.evaluate("document.fonts.ready.then(() => true)")
    _, invitation_shift = guest.page.evaluate(measure)

    assert 20_000 < start < 100_000
    assert max(start_shift, invitation_shift) < 0.1
