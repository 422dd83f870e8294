"""Refusals about an account and its number."""

from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

from users.refusals import Refusal


class ConfirmationNeeded(Refusal):
    code = "confirmation_needed"
    status = HTTPStatus.FORBIDDEN
    message = _("This session was opened more than %(minutes)d minutes ago: confirm it by a code first.")


class PhoneNumberUnchanged(Refusal):
    code = "phone_number_unchanged"
    message = _("This is the number of your account already.")
    field = "phone_number"


class NumberChangeNotUndoable(Refusal):
    code = "number_change_not_undoable"
    status = HTTPStatus.CONFLICT
    message = _("This person has not changed their number during the last %(days)d days.")
