"""Reading of what people type and paste, from any keyboard, contact list or chat."""

import re
import unicodedata

#: Length of a number or a code as it is typed, in characters: with marks at every position it is twice as long.
MAX_TYPED = 100

#: The characters that Unicode tells programs to ignore (Default_Ignorable_Code_Point), besides those of category Cf.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_DASHES = "\u2212\u30fc"  # besides those of category Pd
_SEPARATORS = re.compile(r"[\s.\-]+")
#: What may stand around a code and between its characters, for JSON Schema: its patterns (ECMA-262) and Python disagree
#: about white space.
_AROUND = r"[^0-9A-Za-z\x00]*"
_BETWEEN = r"[\s\x1c-\x1f.-]*"
#: A text with characters of other scripts: patterns of JSON Schema have no class for the digits and marks of them.
BEYOND_ASCII = r"[^\x00]*[^\x00-\x7f][^\x00]*"

#: Marks that come with a copied name and change nothing in it.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff"))
_SPACES = re.compile(" +")
#: ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER: part of the spelling in some scripts, nothing in others.
JOINERS = "\u200c\u200d"
_VIRAMA = 9  # canonical combining class
_LONGEST_CLUSTER = 8  # characters: a letter and its marks


def plain(typed: str) -> str:
    """Remove invisible marks; write digits of every script, spaces, dashes and full-width characters in ASCII."""
    return typed if typed.isascii() else "".join(map(_plain, typed))


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or _IGNORABLE.match(character):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    if category == "Pd" or character in _DASHES:
        return "-"
    alike = unicodedata.normalize("NFKC", character)
    # Superscript and circled digits stay: they are no part of a number.
    return alike if len(alike) == 1 and alike.isascii() and not alike.isdecimal() else character


def code(typed: str) -> str:
    """Return a code without separators inside it and punctuation around it; "" if it is too long to be one."""
    text = plain(typed) if len(typed) <= MAX_TYPED else ""
    return text if text.isalnum() else _SEPARATORS.sub("", _trimmed(text))


def ascii_code_pattern(character: str, more: str) -> str:
    """Return the pattern of a typed code in ASCII, without anchors: `character`, and so many `more` ("{3}")."""
    return f"{_AROUND}{character}({_BETWEEN}{character}){more}{_AROUND}"


def _trimmed(text: str) -> str:
    """Remove everything before the first letter or digit and after the last one, in linear time."""
    inside = [position for position, character in enumerate(text) if character.isalnum()]
    return text[inside[0] : inside[-1] + 1] if inside else ""


def name(typed: str) -> str:
    """Return a name with one space between words, in NFC, without marks that change nothing in its script."""
    if typed.isascii():
        return _SPACES.sub(" ", typed).strip()
    text = "".join(" " if unicodedata.category(character) == "Zs" else character for character in typed)
    text = unicodedata.normalize("NFC", text.translate(_UNSEEN))
    kept = ""
    for position, character in enumerate(text):
        if character not in JOINERS or _is_joiner_needed(before=kept, after=text[position + 1 : position + 2]):
            kept += character
    return _SPACES.sub(" ", unicodedata.normalize("NFC", kept)).strip()


def _is_joiner_needed(*, before: str, after: str) -> bool:
    """Tell by RFC 5892, appendix A: beside a virama (Indic scripts) or between letters of Arabic script."""
    letter = next((each for each in reversed(before[-_LONGEST_CLUSTER:]) if unicodedata.category(each) != "Mn"), "")
    if not letter or letter in JOINERS + " ":
        return False
    if _VIRAMA in (unicodedata.combining(before[-1]), after and unicodedata.combining(after)):
        return True
    return unicodedata.bidirectional(letter) == "AL" and bool(after) and unicodedata.category(after)[0] in "LM"
