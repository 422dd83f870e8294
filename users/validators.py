"""The form of texts that users type."""

import unicodedata
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

USERNAME_MAX_LENGTH = 150


def validate_username(name: str) -> None:
    """Allow letters, marks, digits, spaces and punctuation of every script; refuse emoji and control characters."""
    if any(unicodedata.category(character)[0] not in "LMNP" and character != " " for character in name):
        raise ValidationError(_("A name consists of letters, digits, spaces and punctuation."), code="username_invalid")


def confirmation_code_form() -> dict[str, Any]:
    """Return the arguments of a `RegexField`, of Django or of REST framework, for a confirmation code."""
    length = settings.CONFIRMATION_CODE_LENGTH
    return {
        "regex": rf"^[0-9]{{{length}}}$",
        "error_messages": {"invalid": _("A code consists of %(length)d digits.") % {"length": length}},
    }
