import re
from typing import Any

from django import template
from django.core.exceptions import NON_FIELD_ERRORS
from django.template import Context
from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

register = template.Library()
_SMALLEST_WITH_GROUPS = 1_000
_START_OF_LABEL = re.compile('(?<= data-label=")[^"]')


@register.filter("number")
def show_number(number: int) -> str:
    """Format a number in the current language, with thousands separators."""
    if 0 <= number < _SMALLEST_WITH_GROUPS:  # fast path: equal in every language
        return str(number)
    return number_format(number, force_grouping=True)


@register.simple_tag
def count_of(changes: Any) -> str:
    """Return how many rows a list has: "44 people", and "more than 10000 people" above the cap of the count."""
    text: str = changes.model_admin.count_text(changes.result_count)
    return gettext("more than %(rows)s") % {"rows": text} if changes.paginator.has_more else text


@register.simple_tag(takes_context=True)
def has_field_errors(context: Context) -> bool:
    """False if only the form as a whole has errors: their own box says which."""
    form = context.get("form") or getattr(context.get("adminform"), "form", None)
    return form is None or set(form.errors) != {NON_FIELD_ERRORS}


@register.filter
def main_landmark(page: SafeString) -> SafeString:
    """Add the main landmark, which Unfold's pages lack (WCAG 2.2, 1.3.1 and 2.4.1)."""
    return mark_safe(page.replace('<div id="main"', '<div role="main" id="main"', 1))  # noqa: S308  `page` is safe already


@register.filter
def capital_labels(page: SafeString) -> SafeString:
    """Begin the labels of cells, which a phone shows, with a capital letter, as the headings begin."""
    return mark_safe(_START_OF_LABEL.sub(lambda start: start[0].upper(), page))  # noqa: S308  `page` is safe already
