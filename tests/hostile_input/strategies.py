"""Hypothesis strategies for phone numbers, codes and names, benign and hostile."""

from hypothesis import strategies as st

from users import referral_codes

ANY_TEXT = st.text(st.characters())  # including lone surrogates
PHONE = (
    ANY_TEXT
    | st.text("+0123456789 ().-/\u00a0\u2013\u200e\u0664", max_size=20)
    | st.from_regex(r"\A\+?[0-9 ().\-]{5,31}\Z")
)
CODE = ANY_TEXT | st.text("0123456789 \u0664\uff14", min_size=3, max_size=5)
REFERRAL_CODE = ANY_TEXT | st.text(referral_codes.ALPHABET + "- \u2013", max_size=12)

_MARKS = "\0\u200b\u200e\u200f\u202e\u2066\ufeff\ud800\udc00\x1b\r\n\t\\\"'%;<>"
_DIGITS = "0123456789\u0660\u0669\u06f1\u0967\uff11\U0001d7d8\u00b2\u2460"
#: Digits of other scripts, bidirectional marks, NUL, and very long texts.
ODD_TEXT = st.text(_MARKS + _DIGITS + "+ ()-", max_size=30) | st.text("+79\u0669\0", min_size=1, max_size=20).map(
    lambda text: text * 1_000
)
_SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
#: Any JSON value in place of a text, including NaN and infinity, which only Python's JSON has.
ANY_JSON = st.recursive(
    _SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4), max_leaves=12
)
