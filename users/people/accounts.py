"""Changes that staff and services make to a user."""

import logging

from django.db import transaction
from django.utils.translation import gettext as _

from users import audit
from users.models import User
from users.sms import channels, outbox, tasks

logger = logging.getLogger(__name__)


@transaction.atomic
def change_user(*, user: User, **fields: object) -> audit.Details:
    """Change fields of a user and return [old, new] of those that differ.

    A new number is told to the old and the new one; sessions end as `UserManager.update_user` says.
    Raises what it raises.
    """
    changes = audit.changes_of(user, former=User.objects.update_user(user, **fields))
    for number in changes.get("phone_number", ()):
        _tell(number, _("The phone number of your account was changed. If you did not ask for that, contact support."))
    return changes


def _tell(phone_number: str, text: str) -> None:
    message = outbox.open_notice(phone_number=phone_number, text=text)
    transaction.on_commit(lambda: _send(message.pk))


def _send(delivery_id: int) -> None:
    try:
        tasks.deliver(delivery_id=delivery_id)
    except channels.DeliveryFailed:
        # The change is made, and the message is recorded as failed.
        logger.warning("A notice was not sent at once")
