"""Chromium, visitors with their own browser context, and axe-core."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser.visitor import Visitor

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",  # Chromium refuses to run as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.fail("The browser tests need Chromium: install it with `apt-get install chromium`.", pytrace=False)
    # Playwright runs an event loop in this thread, so Django would refuse synchronous database calls.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def axe() -> str:
    if not AXE.exists():
        pytest.fail("The browser tests need axe-core: install it with `npm ci --prefix tests/browser`.", pytrace=False)
    return AXE.read_text()


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer, settings: Settings) -> Iterator[NewVisitor]:
    """Create visitors, each with its own browser context; fail on any script error or request to another host."""
    visitors: list[Visitor] = []
    settings.PUBLIC_URL = live_server.url

    def open_context(**options: Any) -> Visitor:
        chosen = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **options}
        has_javascript = bool(chosen.pop("java_script_enabled", True))
        context = browser.new_context(base_url=live_server.url, **chosen)
        visitors.append(Visitor(context, live_server.url, has_javascript=has_javascript))
        return visitors[-1]

    yield open_context
    for each in visitors:
        each.close()
    assert [error for each in visitors for error in each.errors] == []
