"""A user in a browser."""

import io
import os
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Request

from referral_project.settings import BASE_DIR
from tests.support.servers import PATIENCE_SECONDS

#: Of a small phone, a phone, a tablet and a laptop.
WIDTHS = (320, 390, 768, 1280)
EVERY_LOOK = bool(os.environ.get("EVERY_LOOK"))
IMAGES = BASE_DIR / "docs/images"
PICTURES, PICTURE_SIZE = BASE_DIR / "web/static/web", (640, 800)


class Look(NamedTuple):
    language: str
    theme: str
    width: int
    has_javascript: bool = True

    def __str__(self) -> str:
        return f"{self.language}, {self.theme}, {self.width} px, JavaScript {'on' if self.has_javascript else 'off'}"

    @property
    def options(self) -> dict[str, Any]:
        """Options of a visitor."""
        return {
            "locale": self.language,
            "color_scheme": self.theme,
            "viewport": {"width": self.width, "height": 800},
            "java_script_enabled": self.has_javascript,
        }


def looks(*usual: Look, javascript: Sequence[bool] = (True, False)) -> list[Look]:
    """Return the usual looks, or all if EVERY_LOOK is set; `javascript`: with, without it, or both."""
    if not EVERY_LOOK:
        return [*usual]
    return [Look(*each) for each in product(("en", "ru"), ("light", "dark"), WIDTHS, javascript)]


def animate(names: Sequence[str], target: str) -> None:
    """Write docs/images/TARGET.webp, an animation of these screenshots, if SCREENSHOTS is set."""
    if os.environ.get("SCREENSHOTS"):
        frames = [Image.open(IMAGES / f"{name}.png").convert("RGB").resize((800, 500)) for name in names]
        frames[0].save(
            IMAGES / f"{target}.webp", save_all=True, append_images=frames[1:], duration=1_800, loop=0, quality=70
        )


class Visitor:
    def __init__(self, context: BrowserContext, home: str, *, has_javascript: bool = True) -> None:
        context.set_default_timeout(PATIENCE_SECONDS * 1_000)
        self.page = context.new_page()
        #: Script errors and requests to other hosts.
        self.errors: list[str] = []
        self._context = context
        self._home = home
        self._has_javascript = has_javascript
        self._protocol = context.new_cdp_session(self.page)
        self._run_scripts(has_javascript)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        context.on("request", self._on_request)

    def open(self, path: str) -> None:
        self.page.goto(path)

    def wait_for_charts(self) -> None:
        self.page.wait_for_function(
            "window.Chart && [...document.querySelectorAll('canvas[data-chart]')].every(each => Chart.getChart(each))"
        )

    def press(self, name: str) -> None:
        """Click a button or a link by its name."""
        control = self.page.get_by_role("button", name=name, exact=True)
        control.or_(self.page.get_by_role("link", name=name, exact=True)).first.click()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label).fill(text)

    def read(self) -> str:
        """Return the text between the header and the footer in one line."""
        return " ".join(self.page.get_by_role("main").inner_text().split())

    def request_code(self, phone_number: str) -> None:
        self.fill("Phone number", phone_number)
        self.press("Send me a code")
        self.page.wait_for_url("**/sign-in/code/")

    def enter_code(self) -> None:
        self.page.fill("[name=confirmation_code]", self.page.locator(".exposed").inner_text())
        if not self._has_javascript:  # it submits the form at the last digit
            self.page.press("[name=confirmation_code]", "Enter")
        self.page.wait_for_url("**/profile/")

    def sign_in(self, phone_number: str, *, start: str = "/sign-in/") -> str:
        """Sign in and return the invite code that the profile shows."""
        self.open(start)
        self.request_code(phone_number)
        self.enter_code()
        return self.my_code.inner_text()

    def sign_in_anywhere(self, phone_number: str) -> None:
        """Sign in on pages of any language."""
        self.open("/sign-in/")
        self.page.fill("[name=phone_number]", phone_number)
        self.page.press("[name=phone_number]", "Enter")
        self.page.wait_for_url("**/sign-in/code/")
        self.enter_code()

    def submit_invalid(self, field: str, text: str, path: str) -> Iterator[str]:
        """Submit an invalid value and yield the path of the page with its error."""
        self.page.fill(f"[name={field}]", text)
        self.page.press(f"[name={field}]", "Enter")
        self.page.locator("[aria-invalid=true]").wait_for()
        yield f"{path}, refused"

    def violations(self, axe: str, rules: list[str]) -> list[dict[str, Any]]:
        """Return the violations that axe-core finds on the page."""
        self._run_scripts(True)  # axe-core is one; those of the page were skipped while it loaded
        self.page.evaluate(axe)
        options = {"runOnly": rules, "resultTypes": ["violations"]}
        found: dict[str, Any] = self.page.evaluate("options => axe.run(options)", options)
        self._run_scripts(self._has_javascript)
        return list(found["violations"])

    def _run_scripts(self, do_run: bool) -> None:
        self._protocol.send("Emulation.setScriptExecutionDisabled", {"value": not do_run})

    @property
    def my_code(self) -> Locator:
        return self.page.locator("#my-code")

    @property
    def referrals(self) -> list[str]:
        return self.page.locator(".people .phone").all_inner_texts()

    @property
    def is_signed_in(self) -> bool:
        self.open("/profile/")
        return self.page.url == f"{self._home}/profile/"

    @property
    def background(self) -> str:
        """Background colour of the page."""
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    @property
    def overflow(self) -> dict[int, int]:
        """Number of pixels by which the page is wider than the window, by the widths where it is."""
        now = self.page.viewport_size
        assert now
        wider = {}
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": now["height"]})
            wider[width] = int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
        self.page.set_viewport_size(now)
        return {width: pixels for width, pixels in wider.items() if pixels > 0}

    def screenshot(self, name: str) -> None:
        """Write docs/images/NAME.png if SCREENSHOTS is set."""
        if os.environ.get("SCREENSHOTS"):
            self.page.mouse.move(0, 0)
            self.page.screenshot(path=Path(IMAGES, f"{name}.png"), animations="disabled", caret="initial")

    def picture(self, name: str) -> None:
        """Write the page of a phone, from its heading on, as a picture for the start page if SCREENSHOTS is set."""
        if os.environ.get("SCREENSHOTS"):
            shot = Image.open(io.BytesIO(self.page.screenshot(animations="disabled"))).convert("RGB")
            top = int(self.page.locator("h1").evaluate("title => title.getBoundingClientRect().top")) - 16
            scale = shot.width / self.page.evaluate("innerWidth")
            part = shot.crop((0, int(top * scale), shot.width, int(top * scale) + shot.width * 5 // 4))
            part.resize(PICTURE_SIZE).save(PICTURES / f"{name}.webp", quality=72, method=6)

    def close(self) -> None:
        self._context.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        # The console also logs a 404 or 429 of the page itself, which the tests expect.
        is_the_page = message.location["url"].partition("#")[0] == self.page.url.partition("#")[0]
        if message.type == "error" and not (is_the_page and message.text.startswith("Failed to load resource")):
            self.errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(self._home) and not re.match("(data|blob):", request.url):
            self.errors.append(f"a request to {request.url}")
