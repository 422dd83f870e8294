"""PNG pictures: the card that messengers show for a share link, and the icon for the home screen of a phone."""

import io
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from common.brand import facts
from common.brand.colours import WHITE, faintest, parse, text_on

#: Size that Facebook, Telegram and WhatsApp show without cropping (https://ogp.me/).
CARD_WIDTH, CARD_HEIGHT = 1200, 630
ICON_SIZE = 180
_FONTS = Path(__file__).parent / "static/web/fonts"
_MARGIN = 80
#: Of WELCOME_TEXT: the size of its letters, and how many lines it has.
_SMALL, _MOST_LINES = 38, 2
_CREAM, _INK = parse("#fdfaf0"), parse("#131512")


def card(referral_code: str) -> bytes:
    """Draw the invitation in the current language."""
    background = parse(settings.BRAND_COLOR)
    text = text_on(background, _CREAM, _INK)
    muted = str(faintest(text, on=background))
    picture = Image.new("RGB", (CARD_WIDTH, CARD_HEIGHT), str(background))
    draw = ImageDraw.Draw(picture)
    lines = _wrapped(facts.welcome_text(), size=_SMALL, room=CARD_WIDTH - 2 * _MARGIN)
    _write(draw, (_MARGIN, 80), facts.service_name(), size=44, fill=muted)
    _write(draw, (_MARGIN, 160 if lines else 190), _("You are invited"), size=76, fill=str(text))
    for nth, line in enumerate(lines):
        _write(draw, (_MARGIN, 272 + nth * 50), line, size=_SMALL, fill=str(text))
    top = 395 if lines else 370
    draw.rounded_rectangle((_MARGIN, top, CARD_WIDTH - _MARGIN, top + 180), radius=28, outline=muted, width=4)
    _write(draw, (_MARGIN + 48, top + 66), _("Invite code"), size=40, fill=muted)
    _write(draw, (CARD_WIDTH // 2 - 60, top + 36), referral_code, size=92, fill=str(text))
    return _png(picture)


def icon() -> bytes:
    """Draw the project's mark in the brand's colour; phones round the corners."""
    background = parse(settings.BRAND_COLOR)
    line = str(text_on(background, WHITE, _INK))
    picture = Image.new("RGB", (ICON_SIZE, ICON_SIZE), str(background))
    draw = ImageDraw.Draw(picture)
    draw.line((50, 90, 126, 90), fill=line, width=14)
    draw.line((94, 56, 128, 90, 94, 124), fill=line, width=14, joint="curve")
    return _png(picture)


def _write(draw: ImageDraw.ImageDraw, start: tuple[int, int], text: str, *, size: int, fill: str) -> None:
    """Write a line of Latin and Cyrillic text, smaller if it would run into the margin."""
    room = CARD_WIDTH - _MARGIN - start[0]
    if (wide := _width(text, size)) > room:
        size = max(12, int(size * room / wide))
    left, top = float(start[0]), start[1]
    for font, part in _parts(text, size):
        draw.text((left, top), part, font=font, fill=fill)
        left += font.getlength(part)


def _wrapped(text: str, *, size: int, room: int) -> list[str]:
    """Break a text between words into as many lines as the card has; a longer one ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        if lines and _width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        elif len(lines) < _MOST_LINES:
            lines.append(word)
        else:
            lines[-1] += "…"
            break
    return lines


def _width(text: str, size: int) -> float:
    return sum(font.getlength(part) for font, part in _parts(text, size))


def _parts(text: str, size: int) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
    """Split a text by the font file that has its characters."""
    for is_cyrillic, characters in groupby(text, key=lambda character: "\u0400" <= character <= "\u045f"):
        yield _font("cyrillic" if is_cyrillic else "latin", size), "".join(characters)


@cache
def _font(script: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / f"inter-{script}-600-normal.woff2"), size)


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
