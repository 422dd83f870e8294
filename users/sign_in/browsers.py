"""Sign-in in a browser, which may submit the same form twice: people press a button twice."""

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from common import digests
from common.database import sql
from users.models import USED_REFERRAL_CODE, User
from users.refusals import ConfirmationCodeExpired
from users.sign_in import redeeming, stored_codes
from users.sign_in.first_sign_in import SignIn

Session = TypeVar("Session")

_REMEMBER_BROWSER = "UPDATE users_confirmationcode SET used_by = %s WHERE id = %s"
_USER = f"SELECT *, {USED_REFERRAL_CODE} FROM users_user WHERE phone_number = %s AND is_active"  # noqa: S608


@sensitive_variables("confirmation_code")
def sign_in(
    *,
    cookie: str,
    phone_number: str,
    confirmation_code: str,
    open_session: Callable[[SignIn], Session],
    **attempt: str,
) -> Session:
    """Sign in as `redeeming.sign_in` does; the browser that has just used the code may submit it again.

    `cookie` is known to this browser only.
    """
    browser = digests.keyed("users.browser", cookie)

    def open_and_remember(signed_in: SignIn) -> Session:
        sql.execute(_REMEMBER_BROWSER, browser, signed_in.code_id)
        return open_session(signed_in)

    try:
        return redeeming.sign_in(
            phone_number=phone_number,
            confirmation_code=confirmation_code,
            open_session=open_and_remember,
            **attempt,
        )
    except ConfirmationCodeExpired:
        with transaction.atomic():
            if user := _just_signed_in(phone_number, confirmation_code, browser):
                return open_session(SignIn(user, is_new_user=False))
        raise


@sensitive_variables("confirmation_code")
def _just_signed_in(phone_number: str, confirmation_code: str, browser: str) -> User | None:
    used = [each for each in stored_codes.lock(phone_number) if each.was_just_used and each.used_by == browser]
    if any(stored_codes.matches(each, confirmation_code, stored_codes.SIGN_IN) for each in used):
        return sql.find_one(User, _USER, phone_number)
    for each in used:
        # One try: a planted cookie must not allow guesses.
        sql.execute(_REMEMBER_BROWSER, "", each.pk)
    return None
