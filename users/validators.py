"""Checks of what people write about themselves."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def validate_username(name: str) -> None:
    """Let letters, marks, digits, spaces and punctuation of any script through; refuse emoji and control characters."""
    if any(unicodedata.category(character)[0] not in "LMNP" and character != " " for character in name):
        raise ValidationError(_("A name consists of letters, digits, spaces and punctuation."), code="username_invalid")
