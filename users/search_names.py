"""Names as searches compare them: small letters without accents, so that `елкина` and `jose` find Ёлкина and José."""

import unicodedata

from users.validators import USERNAME_MAX_LENGTH

#: Marks with a higher canonical combining class are accents and vowel points. Those up to it, such as the virama and
#: the kana voicing mark, make another letter.
_LAST_CLASS_OF_LETTERS = 9
#: Letters with a stroke and the like, which Unicode does not decompose.
_PLAIN = str.maketrans({"đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "ŧ": "t", "æ": "ae", "œ": "oe"})


def search_name(name: str) -> str:
    """Return the form of a name, or of its beginning, in which names are searched.

    It begins with the form of each beginning of the name. Invisible characters are left out, spaces of any kind and
    number become one.
    """
    if name.isascii():
        return " ".join(name.lower().split())[:USERNAME_MAX_LENGTH]
    # Compatibility caseless matching: the Unicode Standard, section 3.13, D146.
    folded = _decomposed(_decomposed(name).casefold())
    visible = "".join(character for character in folded if not _is_ignored(character))
    return " ".join(visible.translate(_PLAIN).split())[:USERNAME_MAX_LENGTH]


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text)


def _is_ignored(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or unicodedata.combining(character) > _LAST_CLASS_OF_LETTERS
