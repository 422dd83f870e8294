"""What messengers, phones, robots and printers get: the share card, icons, robots.txt, the page to print."""

import io
import re

import pytest
from django.test import Client
from PIL import Image
from pytest_django import Settings

from tests.support import factories

pytestmark = pytest.mark.django_db


def properties(html: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)"', html))


def picture(client: Client, url: str) -> Image.Image:
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert "public" in answer["Cache-Control"]
    return Image.open(io.BytesIO(answer.content))


def test_a_share_link_shows_a_card_in_messengers(client: Client, settings: Settings) -> None:
    settings.PUBLIC_URL, settings.SERVICE_NAME = "https://referral.example", "Acme"
    code = factories.create_user().referral_code

    seen = properties(Client().get(f"/r/{code}/").content.decode())
    russian = properties(Client(headers={"Accept-Language": "ru"}).get(f"/r/{code}/").content.decode())

    assert (seen["og:title"], seen["og:site_name"]) == ("You are invited", "Acme")
    assert seen["og:url"] == f"https://referral.example/r/{code}/"
    assert seen["og:image"] == f"https://referral.example/r/{code}/card-en.png"
    assert seen["twitter:card"] == "summary_large_image"
    assert russian["og:image"].endswith("/card-ru.png")
    cards = [picture(Client(), f"/r/{code}/card-{language}.png") for language in ("en", "ru")]
    assert [card.size for card in cards] == [(1200, 630)] * 2
    assert cards[0].tobytes() != cards[1].tobytes()
    assert Client().get(f"/r/{code}/card-en.png")["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_card_is_drawn_for_codes_that_exist_only() -> None:
    assert Client().get("/r/XXXXXX/card-en.png").status_code == 404
    code = factories.create_user().referral_code
    assert Client().get(f"/r/{code}/card-xx.png").status_code == 404


def test_the_card_follows_the_brand(settings: Settings) -> None:
    code = factories.create_user().referral_code
    corners = []
    for colour in ("#0e5a44", "#ffd60a"):
        settings.BRAND_COLOR = colour
        corners.append(picture(Client(), f"/r/{code}/card-en.png").getpixel((0, 0)))

    assert corners == [(0x0E, 0x5A, 0x44), (0xFF, 0xD6, 0x0A)]


def test_the_card_tells_what_one_gets(settings: Settings) -> None:
    url = f"/r/{factories.create_user().referral_code}/card-ru.png"
    plain = picture(Client(), url).tobytes()

    cards = []
    for settings.WELCOME_TEXT_RU in ("500 ₽ вам и другу", "1000 ₽ вам и другу", "Очень длинное обещание " * 20):
        cards.append(picture(Client(), url))

    assert len({plain, *(card.tobytes() for card in cards)}) == 4
    background = cards[-1].getpixel((0, 0))
    margins = [card.getpixel((x, y)) for card in cards for x in (*range(40), *range(1160, 1200)) for y in range(630)]
    assert set(margins) == {background}


def test_the_qr_code_is_saved_as_png_and_printed(client: Client) -> None:
    code = factories.create_user().referral_code

    qr = picture(Client(), f"/r/{code}/qr.png")
    sheet = Client().get(f"/r/{code}/print/").content.decode()

    assert qr.size[0] >= 500
    assert f'src="/r/{code}/qr.svg"' in sheet
    assert code in sheet
    assert Client().get("/r/!!/qr.png").status_code == Client().get("/r/!!/print/").status_code == 404


def test_phones_and_robots_get_their_files() -> None:
    browser = Client()

    robots = browser.get("/robots.txt")
    icon = picture(browser, "/apple-touch-icon.png")

    assert robots["Content-Type"].startswith("text/plain")
    lines = robots.content.decode().splitlines()
    assert "Disallow: /admin/" in lines
    assert not [line for line in lines if line.startswith("Disallow: /r/")]
    assert icon.size == (180, 180)
    assert 'rel="apple-touch-icon" href="/apple-touch-icon.png"' in browser.get("/").content.decode()


def test_an_unknown_code_can_be_mended() -> None:
    browser, code = Client(), factories.create_user().referral_code

    refused = browser.get("/r/XXXXXX/").content.decode()
    found = browser.get("/r/", {"code": f" {code.lower()} "}, follow=True)

    assert re.search(r'name="code" value="XXXXXX"', refused)
    assert found.redirect_chain[-1][0] == f"/r/{code}/"
    assert browser.get("/r/", follow=True).redirect_chain[-1][0] == "/"


def test_error_pages_in_debug_look_like_the_product_with_the_details_folded_in(settings: Settings) -> None:
    from referral_project.error_pages import DebugPages

    settings.DEBUG = True
    browser = Client()
    missing = DebugPages(lambda _request: browser.get("/nowhere/"))(None)  # type: ignore[arg-type, return-value]

    html = missing.content.decode()
    assert missing.status_code == 404
    assert "There is nothing here" in html
    assert "<details" in html
    assert "URLconf" in html
    own = DebugPages(lambda _request: browser.get("/r/XXXXXX/"))(None)  # type: ignore[arg-type, return-value]
    assert "<details" not in own.content.decode()
