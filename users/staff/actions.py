"""What staff do to one person. The audit trail records each action in its transaction."""

from django.db import transaction
from django.http import HttpRequest

from common.http.client_ip import client_ip_of
from users import audit
from users.account import number_change
from users.models import User
from users.people.accounts import change_user
from users.people.sessions import end_all_sessions
from users.sign_in import lockout, sending

Action = audit.Action
#: Longest reason or note.
MAX_TEXT = 500


@transaction.atomic
def block(*, user: User, reason: str, by: HttpRequest) -> bool:
    """Disable a person, which ends their sessions; False if they were blocked already."""
    return _set_active(user, False, Action.BLOCKED, reason, by)


@transaction.atomic
def unblock(*, user: User, reason: str, by: HttpRequest) -> bool:
    """Enable a person again, without their former sessions; False if they were not blocked."""
    return _set_active(user, True, Action.UNBLOCKED, reason, by)


def _set_active(user: User, is_active: bool, action: Action, reason: str, by: HttpRequest) -> bool:
    changed = bool(change_user(user=user, is_active=is_active))
    if changed:
        audit.record(by=by, action=action, about=user, details={"reason": reason} if reason else {})
    return changed


@transaction.atomic
def sign_out(*, user: User, by: HttpRequest) -> None:
    end_all_sessions(user=user)
    audit.record(by=by, action=Action.SIGNED_OUT, about=user)


@transaction.atomic
def unlock(*, user: User, by: HttpRequest) -> None:
    """Forget the wrong codes for the number of a person."""
    lockout.unlock(phone_number=user.phone_number)
    audit.record(by=by, action=Action.UNLOCKED, about=user)


@transaction.atomic
def undo_number_change(*, user: User, by: HttpRequest) -> None:
    """Give a person the number before their last change back. Raises one of `number_change.UNDO_REFUSALS`."""
    numbers = number_change.undo(user=user)
    audit.record(by=by, action=Action.CHANGED, about=user, details={"phone_number": numbers})


def send_code(*, user: User, by: HttpRequest) -> None:
    """Send a new code to the number of a person. The limits apply. Raises what `sending.send_code` raises."""
    sending.send_code(phone_number=user.phone_number, client_ip=client_ip_of(by))
    audit.record(by=by, action=Action.CODE_SENT, about=user)


def note(*, user: User, text: str, by: HttpRequest) -> None:
    """Keep a note of staff about a person, as long as the audit trail; an erasure empties it."""
    audit.record(by=by, action=Action.NOTED, about=user, details={"note": text})
