"""Durations for people."""

import math

from django.utils.translation import ngettext


def in_words(seconds: int) -> str:
    """Format a duration for people: 90 seconds, 45 minutes, 16 hours."""
    minutes, hours = math.ceil(seconds / 60), math.ceil(seconds / 3_600)
    if minutes <= 2:  # noqa: PLR2004
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if hours <= 2:  # noqa: PLR2004
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
