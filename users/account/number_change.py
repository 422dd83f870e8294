"""The change of one's phone number: a code proves the new one, the old one is told, staff can undo it for some days."""

from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from common.database import locks
from users import events, phones
from users.account.refusals import NumberChangeNotUndoable, PhoneNumberUnchanged
from users.limits import limits
from users.models import UNDO_DAYS, ConfirmationCode, NumberChange, Purpose, User, UserSession
from users.people import open_sessions
from users.people.accounts import tell_of_new_number
from users.people.jwt_sessions import keep_jwt_session
from users.people.open_sessions import CurrentSession
from users.phones import PhoneNumber
from users.refusals import AccountDisabled, ConfirmationCodeExpired, PhoneNumberTaken, SessionEnded
from users.sign_in import sending, tries
from users.sign_in.lockout import Standing
from users.sign_in.sending import SentCode
from users.sign_in.stored_codes import Binding

#: What `request` may raise besides `PhoneNumberInvalid`.
REQUEST_REFUSALS = (PhoneNumberUnchanged, *sending.SENDING_REFUSALS)
#: What `confirm` may raise, in the order of its checks; after the last two the code is still valid.
CONFIRM_REFUSALS = (*tries.REFUSALS, AccountDisabled, PhoneNumberTaken)
#: What `undo` may raise.
UNDO_REFUSALS = (NumberChangeNotUndoable, PhoneNumberTaken)


def binding_of(user: User) -> Binding:
    return Binding(Purpose.CHANGE_NUMBER, user.pk)


def request(*, user: User, phone_number: str, client_ip: str, app: str = "") -> SentCode:
    """Send a code to the new number. Does not reveal whether an account has it.

    Raises `PhoneNumberInvalid` or one of `REQUEST_REFUSALS`.
    """
    phone_number = phones.normalize(phone_number)
    if phone_number == user.phone_number:
        raise PhoneNumberUnchanged
    return sending.send_code(phone_number=phone_number, client_ip=client_ip, app=app, binding=binding_of(user))


def pending(*, user: User) -> PhoneNumber | None:
    """Return the number that the last code of a change was sent to, None if none waits."""
    asked = ConfirmationCode.objects.filter(account=user, purpose=Purpose.CHANGE_NUMBER, used_at=None)
    code = asked.order_by("-issued_at").first()
    return code.number if code and code.is_waiting else None


@sensitive_variables("confirmation_code")
def confirm(*, user: User, session: CurrentSession, confirmation_code: str, client_ip: str) -> None:
    """Give `user` the number that the code was sent to; every session ends but this one.

    A browser needs `sessions.keep_web_session` besides. Raises one of `CONFIRM_REFUSALS`, or `SessionEnded`.
    """
    number = pending(user=user)
    if number is None:
        limits.take(limits.FAILED_SIGN_INS_PER_ADDRESS.of_address(client_ip))
        raise ConfirmationCodeExpired

    def move(code: ConfirmationCode, _standing: Standing) -> tries.Accepted[None]:
        _move(user, code.number, session)
        return None, tries.sendings_given_back(code, client_ip=client_ip)

    tries.enter(tries.Attempt(number, client_ip, confirmation_code, move, binding=binding_of(user)))


@transaction.atomic
def undo(*, user: User) -> list[str]:
    """Give `user` back the number before the last change, and end every session; return [old, new].

    Raises one of `UNDO_REFUSALS`: the number may have another owner by now.
    """
    locks.lock_ids(exclusive=user.pk)  # of two at once the second undoes nothing more
    change = NumberChange.objects.last_of(user)
    if change is None:
        raise NumberChangeNotUndoable(days=UNDO_DAYS)
    changed = User.objects.update_user(user, phone_number=change.former_number)
    NumberChange.objects.filter(pk=change.pk).delete()
    events.person_changed(user, former=changed)
    numbers = [str(changed.get("phone_number", change.former_number)), str(change.former_number)]
    for each in numbers:
        tell_of_new_number(each)
    return numbers


def _move(user: User, number: PhoneNumber, session: CurrentSession) -> None:
    former = User.objects.update_user(user, keep=session.credential, phone_number=number).get("phone_number")
    # After the update, which locks the user: the end of a JWT session waits for it, or has deleted its row.
    if open_sessions.find(session) is None:
        raise SessionEnded
    if former is None:  # the account has this number already
        return
    NumberChange.objects.create(account=user, former_number=former)
    events.person_changed(user, former={"phone_number": former})
    tell_of_new_number(former)
    if session.kind == UserSession.Kind.JWT:
        keep_jwt_session(UUID(session.credential), user=user)
