"""Texts of Unfold that its package does not translate, so that our catalog does, and names of Django's permissions."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

UNFOLD = (
    _("Apply Filters"),
    # Of Django, with a noun that Russian would have to inflect.
    _(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? '
        "All of the following related items will be deleted:"
    ),
    _("Clear all filters"),
    _("Filters"),
    _("Reset filters"),
    _("Return to site"),
    _("Run"),
    _("Select action"),
    _("Select all rows"),
    _("Select value"),
    _("System"),
    _("This item will be deleted."),
    _("Toggle password visibility"),
    _("Toggle sorting"),
    _("Type to search"),
    _("Welcome back to"),
)
#: By the name that Django's permission has in the database.
PERMISSIONS: dict[str, Promise] = {
    "view_user": _("People: view"),
    "add_user": _("People: add"),
    "change_user": _("People: change, block, unlock"),
    "delete_user": _("People: erase"),
    "view_referral": _("Referrals: view"),
    "view_confirmationcode": _("Confirmation codes: view"),
    "view_delivery": _("Messages: view"),
    "view_signinattempt": _("Sign-in attempts: view"),
    "view_auditrecord": _("Audit trail: view"),
    "view_accessattempt": _("Wrong passwords: view"),
    "delete_accessattempt": _("Wrong passwords: forgive"),
}
