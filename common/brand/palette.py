"""Style sheets computed from BRAND_COLOR: text keeps a contrast of 4.5 whatever the colour is."""

from collections.abc import Mapping

from common.brand.colours import BLACK, WHITE, Colour, faintest, mix, parse, readable, text_on

#: Backgrounds of the pages (web/static/web/theme.css, dark.css), the darker ones of the light theme first.
_LIGHT_PAGE, _DARK_SURFACE = parse("#f7f6f2"), parse("#1c1f1b")
_DARK_PAGE = parse("#131512")
CREAM, _INK = parse("#fdfaf0"), parse("#131512")
#: Unfold's darkest and lightest backgrounds behind coloured text.
_PANEL_DARK, _PANEL_LIGHT = parse("#1e2939"), parse("#f9fafb")


def pages_light(brand: Colour) -> str:
    accent = readable(brand, on=_LIGHT_PAGE)
    return _rule(
        ":root",
        {
            "--accent": accent,
            "--accent-strong": mix(accent, BLACK, 0.25),
            "--button": brand,
            "--button-strong": _pressed(brand),
            "--on-accent": text_on(brand, WHITE, _INK),
            **_ticket(brand),
        },
    )


def pages_dark(brand: Colour) -> str:
    accent = readable(brand, on=_DARK_SURFACE, ratio=7)
    return _rule(
        ":root",
        {
            "--accent": accent,
            "--accent-strong": mix(accent, WHITE, 0.3),
            "--button": accent,
            "--button-strong": mix(accent, WHITE, 0.3),
            "--on-accent": text_on(accent, mix(_DARK_PAGE, brand, 0.15), _DARK_PAGE),
            **_ticket(mix(brand, BLACK, 0.1)),
        },
    )


def panel(brand: Colour) -> str:
    """Return Unfold's shades of its primary colour: 600 is behind white text and on light, 400 and 500 on dark."""
    strong = readable(readable(brand, on=WHITE), on=_PANEL_LIGHT)
    on_dark = readable(brand, on=_PANEL_DARK)
    shades = {
        50: mix(brand, WHITE, 0.94),
        100: mix(brand, WHITE, 0.88),
        200: mix(brand, WHITE, 0.75),
        300: mix(on_dark, WHITE, 0.4),
        400: mix(on_dark, WHITE, 0.15),
        500: on_dark,
        600: strong,
        700: mix(strong, BLACK, 0.15),
        800: mix(strong, BLACK, 0.3),
        900: mix(strong, BLACK, 0.45),
        950: mix(strong, BLACK, 0.6),
    }
    # More specific than `:root`, which Unfold's own style element uses after this one.
    return _rule("html:root", {f"--color-primary-{weight}": shade for weight, shade in shades.items()})


def text_on_ticket(background: Colour) -> Colour:
    return text_on(background, CREAM, _INK)


def _ticket(background: Colour) -> dict[str, Colour]:
    text = text_on_ticket(background)
    return {
        "--ticket": background,
        "--on-ticket": text,
        "--on-ticket-muted": faintest(text, on=background),
        "--ticket-line": readable(mix(background, text, 0.3), on=background, ratio=1.5),
    }


def _pressed(colour: Colour) -> Colour:
    """Return the colour of a button under the pointer, on which its text stays readable."""
    end = BLACK if text_on(colour, WHITE, _INK) == WHITE else WHITE
    return mix(colour, end, 0.2)


def _rule(selector: str, properties: Mapping[str, Colour]) -> str:
    lines = "\n".join(f"  {name}: {colour};" for name, colour in properties.items())
    return f"{selector} {{\n{lines}\n}}\n"
