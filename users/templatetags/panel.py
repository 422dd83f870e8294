from django import template
from django.utils.formats import number_format

register = template.Library()
_SMALLEST_WITH_GROUPS = 1_000


@register.filter("number")
def show_number(number: int) -> str:
    """The number as it is written in the reader's language, thousands apart."""
    if 0 <= number < _SMALLEST_WITH_GROUPS:  # the same everywhere, and most of a thousand cells in a table
        return str(number)
    return number_format(number, force_grouping=True)
