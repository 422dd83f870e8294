"""Redeeming a confirmation code: sign-in by the code that was sent to a phone."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.views.decorators.debug import sensitive_variables

from users import audit, phones
from users.limits import limits
from users.models import ConfirmationCode, Purpose, fixed_code_of
from users.refusals import AccountDisabled, ReferralCodeNotFound, VerificationLinkInvalid
from users.sign_in import first_sign_in, lockout, tries
from users.sign_in.first_sign_in import Newcomer, SignIn
from users.sign_in.lockout import Standing
from users.sign_in.sending import sendings_of_address
from users.sign_in.tries import Attempt

Session = TypeVar("Session")

#: What `sign_in` may raise besides `PhoneNumberInvalid`, in the order of its checks. The last one comes from
#: `activation.activate`, and only at a first sign-in: its other rules never apply then, or don't prevent the sign-in.
SIGN_IN_REFUSALS = (*tries.REFUSALS, AccountDisabled, ReferralCodeNotFound)


@sensitive_variables("confirmation_code")
def sign_in(
    *,
    phone_number: str,
    confirmation_code: str,
    client_ip: str,
    open_session: Callable[[SignIn], Session],
    **newcomer: str,
) -> Session:
    """Sign in with the code of a phone number; the first sign-in creates the user as `newcomer` (`Newcomer`) says.

    Returns what `open_session` returns; it is called in the transaction that uses the code up, so that the code is
    still valid if it fails. `client_ip` comes from `client_ip_of`. Raises `PhoneNumberInvalid` or one of
    `SIGN_IN_REFUSALS`; after `AccountDisabled` and `ReferralCodeNotFound` the code is still valid.
    """
    accept = partial(_sign_in, client_ip, Newcomer(**newcomer), open_session, by_link=False)
    return tries.enter(Attempt(phones.normalize(phone_number), client_ip, confirmation_code, accept))


@sensitive_variables("confirmation_code")
def sign_in_by_link(
    *,
    verification_token: uuid.UUID,
    confirmation_code: str,
    client_ip: str,
    open_session: Callable[[SignIn], Session],
    **newcomer: str,
) -> Session:
    """Sign in as `sign_in` does, with the phone number of a link. Raises also `VerificationLinkInvalid`."""
    links = ConfirmationCode.objects.filter(verification_token=verification_token)
    record = links.filter(purpose=Purpose.SIGN_IN).first()
    if record is None:
        limits.take(limits.FAILED_SIGN_INS_PER_ADDRESS.of(client_ip))
        raise VerificationLinkInvalid
    accept = partial(_sign_in, client_ip, Newcomer(**newcomer), open_session, by_link=True)
    attempt = Attempt(record.number, client_ip, confirmation_code, accept, verification_token=verification_token)
    return tries.enter(attempt)


def _sign_in(  # noqa: PLR0913  what the request says, then what the code says
    client_ip: str,
    newcomer: Newcomer,
    open_session: Callable[[SignIn], Session],
    code: ConfirmationCode,
    standing: Standing,
    *,
    by_link: bool,
) -> tries.Accepted[Session]:
    is_test = bool(fixed_code_of(code.number))
    if not is_test:
        lockout.record_success(phone_number=code.number, client_ip=client_ip)
    signed_in = first_sign_in.enter(code, newcomer, client_ip=client_ip, by_link=by_link)
    audit.record_sign_in_by_code(user=signed_in.user, client_ip=client_ip)
    return open_session(signed_in), [] if is_test else _given_back(code, signed_in, standing, client_ip)


def _given_back(code: ConfirmationCode, signed_in: SignIn, standing: Standing, client_ip: str) -> list[limits.Use]:
    """Return the uses of limits that a sign-in gives back."""
    if signed_in.has_come_back:  # registering and erasing in turns would send messages without a limit
        return []
    refunded = tries.sendings_given_back(code, client_ip=client_ip)
    # Once a day for each number: its owner could earn by messages that they request and redeem.
    if not standing.signed_in_today:
        refunded.append(sendings_of_address(client_ip, is_known=code.known_phone_number is not None))
    return refunded
