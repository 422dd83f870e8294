"""Changes of the phone number that people made themselves."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from users.models.fields import PhoneNumberField
from users.models.people import User

UNDO_DAYS = 7


class NumberChangeManager(models.Manager["NumberChange"]):
    def last_of(self, user: User) -> "NumberChange | None":
        """Return the last change of a user that can still be undone."""
        since = timezone.now() - timedelta(days=UNDO_DAYS)
        return self.filter(account=user, changed_at__gt=since).order_by("-changed_at", "-pk").first()


class NumberChange(models.Model):
    """The number that a person had before they changed it; kept for UNDO_DAYS, so that staff can undo the change.

    The reference has no constraint: a release that does not know this table can still delete a user.
    """

    account = models.ForeignKey(User, models.CASCADE, db_constraint=False, related_name="+")
    former_number = PhoneNumberField()
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = NumberChangeManager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.former_number}, {self.changed_at:%Y-%m-%d}"

    @property
    def undoable_until(self) -> datetime:
        return self.changed_at + timedelta(days=UNDO_DAYS)
