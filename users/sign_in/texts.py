"""The text of a message with a code."""

from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.debug import sensitive_variables

from common import sms_texts
from common.brand.facts import with_sender
from users.models import Purpose

_TEXTS = {
    Purpose.SIGN_IN: _("Your code is %(code)s. Tell it to nobody."),
    Purpose.CHANGE_NUMBER: _("%(code)s makes this the number of your account. Tell it to nobody."),
    Purpose.CONFIRM: _("%(code)s confirms what you are about to do. Tell it to nobody."),
}


@sensitive_variables("code", "texts")
def of_code(code: str, purpose: Purpose, *, app_hash: str = "") -> str:
    """Return the text in the language of the request, with the line that lets a phone fill the code in.

    CODE_TEXT_EN and CODE_TEXT_RU replace the texts of this service, which say what the code is for. These name
    SERVICE_NAME unless one SMS would not hold it.
    """
    default = gettext(_TEXTS[purpose]) % {"code": code}
    texts = [own.format(code=code)] if (own := _own_text()) else [with_sender(default), default]
    complete = [
        sms_texts.with_last_line(text, code=code, public_url=settings.PUBLIC_URL, app_hash=app_hash) for text in texts
    ]
    return next((text for text in complete if sms_texts.fits_one_sms(text)), complete[-1])


def _own_text() -> str:
    is_russian = (get_language() or "").startswith("ru")
    return str(settings.CODE_TEXT_RU if is_russian else settings.CODE_TEXT_EN)
