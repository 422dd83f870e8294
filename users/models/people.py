"""Users."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.core.validators import MaxLengthValidator
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.database import sql
from common.database.uuids import UUID7, uuid7
from users import reading
from users.models.fields import (
    PhoneNumberField,
    SearchNameField,
    external_id_field,
    referral_code_field,
    username_field,
)
from users.models.former_numbers import FormerNumber
from users.models.user_manager import UserManager, following
from users.refusals import ExternalIdTaken
from users.validators import validate_username

#: For hand-written SQL over `users_user`: a column that fills `User.fetched_used_referral_code`.
USED_REFERRAL_CODE = """
    (SELECT referral_code FROM users_referral WHERE invited_id = users_user.id) AS fetched_used_referral_code
"""


class User(AbstractBaseUser, PermissionsMixin):
    """A user, identified by phone number. Only staff have a password; the invite code never changes."""

    #: The `id` of the API: row numbers stay inside. By default of the database too: an older release leaves it out.
    public_id = models.UUIDField(_("public id"), default=uuid7, db_default=UUID7(), editable=False)
    #: The host's own id of this person.
    external_id = external_id_field(null=True)
    phone_number = PhoneNumberField(unique=True)
    username = username_field(validators=[validate_username])
    referral_code = referral_code_field(unique=True, editable=False)
    #: How many users entered this code, including erased ones. Stored, because counting rows is linear.
    referrals_count = models.PositiveIntegerField(_("people invited"), default=0, editable=False)
    #: Part of every JWT and web session: incrementing it ends them all.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Someone who is not active can't sign in."))
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("Staff may enter this admin panel."))
    #: Created with a number of TEST_PHONE_NUMBERS: no statistics count such people.
    is_test = models.BooleanField(default=False, db_default=False, editable=False)
    registered_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)
    #: The last change of what is told about the user, activations included (UTC); a sign-in is none.
    updated_at = models.DateTimeField(_("last changed"), auto_now=True, db_default=Now())
    search_name = SearchNameField()

    #: Set by SQL with `USED_REFERRAL_CODE` and by an activation; saves the query for `invitation`.
    fetched_used_referral_code: str | None
    #: Set by SQL with `NUMBER_WAS_HERE_BEFORE`, and when the number is given.
    fetched_number_was_here_before: bool
    #: Set by `set_password` until the next `save`.
    _password: str | None
    #: The token sessions (knox).
    auth_token_set: Any
    #: The rows of `UserSession`.
    open_sessions: Any

    #: What users tell about themselves, with the function that reads the typed text. API, settings page, panel, CSV and
    #: export follow from this list.
    OWN_FIELDS: ClassVar[Mapping[str, Callable[[str], str]]] = {"username": reading.name}

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "phone_number"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("-registered_at", "-id")
        indexes = (
            models.Index(fields=("registered_at", "id"), name="user_by_registration"),
            models.Index(fields=("updated_at", "id"), name="user_by_change"),
            models.Index(fields=("search_name",), name="user_by_search_name", opclasses=("varchar_pattern_ops",)),
            models.Index(fields=("registered_at", "id"), name="user_staff", condition=models.Q(is_staff=True)),
            models.Index(fields=("registered_at", "id"), name="user_disabled", condition=models.Q(is_active=False)),
            models.Index(fields=("id",), name="user_test", condition=models.Q(is_test=True)),
        )
        constraints = (
            models.UniqueConstraint(fields=("public_id",), name="user_public_id"),
            models.UniqueConstraint(
                fields=("external_id",),
                name="user_external_id",
                condition=models.Q(external_id__isnull=False),
                violation_error_message=ExternalIdTaken.message,
            ),
        )

    @classmethod
    @cache
    def own_columns(cls) -> "dict[str, models.Field[Any, Any]]":
        """Return the column of each of `OWN_FIELDS`."""
        return {field.name: field for field in cls._meta.concrete_fields if field.name in cls.OWN_FIELDS}

    @classmethod
    def own_validators(cls, name: str) -> "list[Callable[[Any], None]]":
        """Return the validators of one of `OWN_FIELDS` but that of its length, which form fields have anyway."""
        column = cls.own_columns()[name]
        return [check for check in column.validators if not isinstance(check, MaxLengthValidator)]

    def __str__(self) -> str:
        return f"{self.username} {self.phone_number}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, without the columns that are incremented in SQL: a stale instance must not overwrite them.

        Columns that follow from others are included. A new password ends every session.
        """
        is_new_password = not self._state.adding and self._password is not None
        if not self._state.adding:
            written = kwargs.get("update_fields")
            if written is None:
                columns = {field.name for field in self._meta.concrete_fields if not field.primary_key}
                written = columns - {"referrals_count", "session_epoch"}
            kwargs["update_fields"] = {*written, *following(written)}
        with transaction.atomic() if is_new_password else nullcontext():
            super().save(*args, **kwargs)
            if is_new_password:
                self.end_all_sessions()

    def end_all_sessions(self, *, keep: str = "") -> None:
        """End every token, JWT and web session of this user; nothing revives them. `keep`: a credential to keep.

        The epoch first: a sign-in that compared it before has stored its token by now, a later one is refused.
        """
        raised = "UPDATE users_user SET session_epoch = session_epoch + 1 WHERE id = %s RETURNING session_epoch"
        for (epoch,) in sql.rows(raised, self.pk):
            self.session_epoch = epoch
            self.auth_token_set.exclude(digest=keep).delete()
            self.open_sessions.exclude(credential=keep).delete()

    def get_session_auth_hash(self) -> str:
        """Return the hash that keeps a web session valid: it depends on the password and the epoch."""
        return f"{self.session_epoch}:{super().get_session_auth_hash()}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return (f"{self.session_epoch}:{former}" for former in super().get_session_auth_fallback_hash())

    def get_username(self) -> str:
        return self.phone_number

    @property
    def used_referral_code(self) -> str | None:
        """The inviter's code that this user entered; it stays after the inviter is erased."""
        if hasattr(self, "fetched_used_referral_code"):
            return self.fetched_used_referral_code
        return self.invitation.referral_code if hasattr(self, "invitation") else None

    @property
    def number_was_here_before(self) -> bool:
        """True if an earlier account had this person's number during NUMBER_MEMORY_DAYS: no code can be activated."""
        if hasattr(self, "fetched_number_was_here_before"):
            return bool(self.fetched_number_was_here_before)
        return FormerNumber.objects.are_behind(self)

    @property
    def activation_deadline(self) -> datetime | None:
        """The time (UTC) until which a code can be activated; None if REFERRAL_WINDOW_DAYS is 0."""
        if not settings.REFERRAL_WINDOW_DAYS:
            return None
        return self.registered_at + timedelta(days=settings.REFERRAL_WINDOW_DAYS)
