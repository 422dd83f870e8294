"""The box for a code in a real browser: filled in by WebOTP, submitted at the last digit; the pages of an account."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.browser.conftest import NewVisitor
from tests.support.factories import phone_number
from users.models import UserSession

# Chromium on a computer receives no SMS, and its DevTools protocol has no command for one (version 156: of 59 domains
# none names it). `tests/test_message_texts.py` holds the text that a phone parses.
WATCHED = """
    const get = navigator.credentials.get.bind(navigator.credentials);
    window.asked = [];
    navigator.credentials.get = (asked) => {
        const answer = get(asked), seen = { state: "waiting" };
        window.asked.push(seen);
        answer.catch((error) => { seen.state = error.name; });
        return answer;
    };
"""
WEB_OTP = """
    window.OTPCredential = class {};
    navigator.credentials.get = (asked) => new Promise((resolve, reject) => {
        window.asked = asked.otp.transport;
        asked.signal.addEventListener("abort", () => reject(new Error("aborted")));
        window.receive = (code) => resolve({ code });
    });
"""


def test_a_code_that_the_browser_reads_signs_in(visitor: NewVisitor) -> None:
    anna = visitor()
    anna.page.add_init_script(WEB_OTP)
    anna.open("/sign-in/")
    anna.request_code(phone_number())

    assert anna.page.evaluate("window.asked") == ["sms"]
    anna.page.evaluate("code => window.receive(code)", anna.page.locator(".exposed").inner_text())

    anna.page.wait_for_url("**/profile/")


def test_the_browser_waits_for_the_message_until_the_code_is_typed(visitor: NewVisitor) -> None:
    anna = visitor()
    anna.page.add_init_script(WATCHED)
    anna.open("/sign-in/")
    anna.request_code(phone_number())
    anna.page.wait_for_function("window.asked.length === 1")
    box = anna.page.get_by_label("Code from the message")

    assert anna.page.evaluate("window.asked[0].state") == "waiting"
    anna.page.evaluate(
        "document.querySelector('.one-time-code').form.addEventListener('submit', e => e.preventDefault())"
    )
    box.fill("1234")

    anna.page.wait_for_function("window.asked[0].state === 'AbortError'")


def test_a_wrong_code_is_selected_and_the_next_one_is_submitted_at_the_last_digit(visitor: NewVisitor) -> None:
    anna = visitor(viewport={"width": 320, "height": 640})
    anna.open("/sign-in/")
    anna.request_code(phone_number())
    code = anna.page.locator(".exposed").inner_text()
    wrong = f"{(int(code) + 1) % 10_000:04}"

    assert anna.page.locator("input:not([type=hidden])").count() == 3
    assert not anna.page.get_by_label("Invite code, if").is_visible()
    anna.page.keyboard.type(wrong)
    anna.page.get_by_text("Wrong code").wait_for()
    assert anna.page.evaluate("window.getSelection().toString()") == wrong
    anna.page.keyboard.type(f"{code[:2]} {code[2:]}")

    anna.page.wait_for_url("**/profile/")


def test_an_invitation_is_remembered_while_one_looks_around(visitor: NewVisitor) -> None:
    anna, boris = visitor(), visitor(java_script_enabled=False)
    annas = anna.sign_in(phone_number())

    boris.open(f"/r/{annas}/")
    boris.open("/")
    boris.press("Sign in by phone")
    boris.request_code(phone_number())
    assert boris.page.get_by_label("Invite code, if").is_visible()
    boris.enter_code()

    assert f"You came with the invite code {annas}: it is activated." in boris.read()
    anna.page.reload()
    assert len(anna.referrals) == 1


def test_the_number_and_the_sessions_on_the_pages(visitor: NewVisitor) -> None:
    here, there, new = visitor(), visitor(java_script_enabled=False), phone_number()
    phone = phone_number()
    here.sign_in(phone)
    there.sign_in(phone)

    here.open("/settings/sessions/")
    assert here.read().count("this device") == 1
    here.page.get_by_role("button", name=re.compile("End this session")).click()
    here.page.get_by_text("The session is ended.").wait_for()
    assert not there.is_signed_in
    here.open("/settings/number/")
    here.fill("New phone number", new)
    here.press("Send me a code")
    here.page.wait_for_url("**/settings/number/code/")
    here.fill("Code from the message", here.page.locator(".exposed").inner_text())

    here.page.get_by_text("Your number is changed.").wait_for()


@pytest.mark.parametrize("has_javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_old_session_is_confirmed_and_the_number_changed_by_keyboard(
    visitor: NewVisitor, has_javascript: bool
) -> None:
    anna = visitor(locale="ru", viewport={"width": 320, "height": 640}, java_script_enabled=has_javascript)
    page, keyboard = anna.page, anna.page.keyboard

    def enter_code(leads_to: str) -> None:
        keyboard.type(page.locator(".exposed").inner_text())
        if not has_javascript:  # it submits the form at the last digit
            keyboard.press("Enter")
        page.wait_for_url(leads_to)

    anna.open("/sign-in/")
    keyboard.type(phone_number())
    keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code/")
    enter_code("**/profile/")
    UserSession.objects.update(created_at=timezone.now() - timedelta(hours=2))

    anna.open("/settings/number/")
    send = page.get_by_role("button", name="Получить код", exact=True)
    while not send.evaluate("button => button === document.activeElement"):
        keyboard.press("Tab")
    keyboard.press("Enter")
    page.locator(".exposed").wait_for()
    enter_code("**/settings/number/")
    keyboard.type(phone_number())
    keyboard.press("Enter")
    page.wait_for_url("**/settings/number/code/")
    enter_code("**/settings/")

    assert "Номер изменён." in anna.read()
    assert anna.overflow == {}
