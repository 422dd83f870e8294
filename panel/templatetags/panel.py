from django import template
from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_SMALLEST_WITH_GROUPS = 1_000


@register.filter("number")
def show_number(number: int) -> str:
    """Format a number in the current language, with thousands separators."""
    if 0 <= number < _SMALLEST_WITH_GROUPS:  # fast path: equal in every language
        return str(number)
    return number_format(number, force_grouping=True)


@register.filter
def main_landmark(page: SafeString) -> SafeString:
    """Add the main landmark, which Unfold's pages lack (WCAG 2.2, 1.3.1 and 2.4.1)."""
    return mark_safe(page.replace('<div id="main"', '<div role="main" id="main"', 1))  # noqa: S308  `page` is safe already
