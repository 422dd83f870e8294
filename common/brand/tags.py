"""Template tags; error pages are rendered without context processors, so the brand is a tag."""

from django import template

from common.brand import facts

register = template.Library()
register.simple_tag(facts.brand, name="brand")
