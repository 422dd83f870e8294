"""A browser without JavaScript: submits the forms of the pages and reads their text."""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client

from users.models import User


def anonymous_browser(**options: Any) -> Client:
    """Return a client that is not signed in and checks CSRF tokens."""
    return Client(enforce_csrf_checks=True, **options)


def submit_form(browser: Client, path: str, data: dict[str, str], *, page: str = "") -> HttpResponse:
    """Open `page` (default: `path`), submit its form for `path` and follow all redirects."""
    html = browser.get(page or path, follow=True).content.decode()
    forms = [form for form in forms_of(html) if form.action == path and form.fields.keys() >= data.keys()]
    assert forms, f"{page or path} has no form for {path} with {[*data]}"
    return browser.post(path, {**forms[0].filled_in, **data}, follow=True)  # type: ignore[return-value]


def request_code(browser: Client, phone: str, *, page: str = "/sign-in/") -> str:
    """Request a code on a page and read it from the next one (CONFIRMATION_CODE_EXPOSED)."""
    answer = submit_form(browser, "/sign-in/", {"phone_number": phone}, page=page)
    code = re.findall(r'class="exposed"[^>]*>(\d+)<', answer.content.decode())
    assert code, text_of(answer)
    return str(code[0])


def sign_in(browser: Client, phone: str, *, page: str = "/sign-in/", **fields: str) -> HttpResponse:
    """Request a code and sign in with it."""
    code = request_code(browser, phone, page=page)
    return submit_form(browser, "/sign-in/code/", {"confirmation_code": code, **fields})


def signed_in_browser(user: User) -> Client:
    """Return a client in which `user` has signed in by a code."""
    browser = anonymous_browser()
    answer = sign_in(browser, str(user.phone_number))
    assert "/profile/" in [path for path, _ in answer.redirect_chain], text_of(answer)  # type: ignore[attr-defined]
    return browser


@dataclass
class _Form:
    action: str
    #: Values by name; None for a button or a checkbox.
    fields: dict[str, str | None] = field(default_factory=dict)

    @property
    def filled_in(self) -> dict[str, str]:
        return {name: value for name, value in self.fields.items() if value is not None}


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append(_Form(given["action"] or ""))
        elif tag in ("input", "button") and (name := given.get("name")):
            is_pressed = tag == "button" or given.get("type") == "checkbox"
            self.forms[-1].fields.setdefault(name, None if is_pressed else given.get("value") or "")


def forms_of(html: str) -> list[_Form]:
    parser = _Forms()
    parser.feed(html)
    return parser.forms


def main_of(html: str) -> str:
    return html.partition("<main")[2].partition("</main>")[0]


def text_of(answer: HttpResponse) -> str:
    """Return the text between the header and the footer."""
    without_tags = re.sub(r"<[^>]+>", " ", "<main" + main_of(answer.content.decode()))
    return " ".join(unescape(without_tags).split())
