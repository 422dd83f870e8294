"""Users that services create, and changes that staff and services make to a user."""

import logging
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from users import audit, events
from users.models import User, fixed_code_of
from users.referrals import activation
from users.sms import channels, outbox, tasks

logger = logging.getLogger(__name__)


@transaction.atomic(savepoint=False)
def add_user(
    *, password: str | None = None, used_referral_code: str | None = None, **fields: Any
) -> tuple[User, audit.Details]:
    """Create a user who may have come with an invite code; return them and [None, new] of the fields.

    Raises what `UserManager.create_user` and `activation.activate` raise.
    """
    user = User.objects.create_user(password=password, **fields)
    events.people_registered(user)
    changes = audit.changes_between({}, audit.values_of(user, fields))
    return user, changes | _activate(user, used_referral_code)


@transaction.atomic
def change_user(*, user: User, used_referral_code: str | None = None, **fields: Any) -> audit.Details:
    """Change fields of a user, activate an invite code, and return [old, new] of what differs.

    A new number is told to the old and the new one; sessions end as `UserManager.update_user` says.
    Raises what it and `activation.activate` raise.
    """
    former = User.objects.update_user(user, **fields)
    events.person_changed(user, former=former)
    changes = audit.changes_of(user, former=former)
    for number in changes.get("phone_number", ()):
        tell_of_new_number(number)
    return changes | _activate(user, used_referral_code)


def _activate(user: User, referral_code: str | None) -> audit.Details:
    if not referral_code:
        return {}
    before = user.used_referral_code
    activation.activate(user=user, referral_code=referral_code)
    user.refresh_from_db(fields=["updated_at"])
    return {} if user.used_referral_code == before else {"used_referral_code": [before, user.used_referral_code]}


def tell_of_new_number(phone_number: str) -> None:
    """Send a message to the old or the new number of an account, once the transaction is committed."""
    if fixed_code_of(phone_number):  # nothing is sent to it
        return
    text = _("The phone number of your account was changed. If you did not ask for that, contact support.")
    message = outbox.open_notice(phone_number=phone_number, text=text)
    transaction.on_commit(lambda: _send(message.pk))


def _send(delivery_id: int) -> None:
    try:
        tasks.deliver(delivery_id=delivery_id)
    except channels.DeliveryFailed:
        # The change is made, and the message is recorded as failed.
        logger.warning("A notice was not sent at once")
