"""The refusals that only rows of an import meet."""

from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

from users.refusals import Refusal


class ReferralCodeFixed(Refusal):
    code = "referral_code_fixed"
    status = HTTPStatus.CONFLICT
    message = _("This person is here already and has another invite code, which never changes.")
    field = "referral_code"


class RowRepeated(Refusal):
    code = "row_repeated"
    status = HTTPStatus.CONFLICT
    message = _("An earlier row has the same phone number.")
    field = "phone_number"


class StaffProtected(Refusal):
    code = "staff_protected"
    status = HTTPStatus.FORBIDDEN
    message = _("An import can't change staff.")
