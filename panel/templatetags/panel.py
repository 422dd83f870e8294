from django import template
from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_SMALLEST_WITH_GROUPS = 1_000


@register.filter("number")
def show_number(number: int) -> str:
    """The number as it is written in the reader's language, thousands apart."""
    if 0 <= number < _SMALLEST_WITH_GROUPS:  # the same everywhere, and most of a thousand cells in a table
        return str(number)
    return number_format(number, force_grouping=True)


@register.filter
def main_landmark(page: SafeString) -> SafeString:
    """Tell assistive technology where the content of Unfold's pages begins (WCAG 2.2, 1.3.1 and 2.4.1)."""
    return mark_safe(page.replace('<div id="main"', '<div role="main" id="main"', 1))  # noqa: S308  it was safe before
