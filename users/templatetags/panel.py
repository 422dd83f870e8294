from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter("number")
def show_number(number: int) -> str:
    """The number as it is written in the reader's language, thousands apart."""
    return number_format(number, force_grouping=True)
