"""Creation and change of users."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import BaseUserManager
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from common.database import sql
from users import phones
from users.models.former_numbers import FormerNumber
from users.models.retired_codes import RetiredReferralCode, draw_referral_code
from users.models.test_numbers import fixed_code_of
from users.refusals import (
    AccountDisabled,
    ExternalIdTaken,
    PhoneNumberInvalid,
    PhoneNumberTaken,
    ReferralCodeTaken,
)
from users.search_names import search_name

if TYPE_CHECKING:
    from users.models.people import User

#: Columns that tell nothing about a user: a change of them is no change for `updated_at`.
_NOT_TOLD = {"last_login", "password", "session_epoch", "search_name"}


class UserQuerySet(models.QuerySet["User"]):
    def update(self, **changes: Any) -> int:
        """Change rows, with the columns that follow from the changed ones."""
        values = {"updated_at": timezone.now(), "search_name": search_name(changes.get("username", ""))}
        return super().update(**{name: values[name] for name in following(changes)} | changes)


def following(written: Collection[str]) -> list[str]:
    """Return the columns to write together with others."""
    follows = {"updated_at": not _NOT_TOLD.issuperset(written), "search_name": "username" in written}
    return [name for name, needed in follows.items() if needed]


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by a phone number in any form."""
        try:
            return self.get(phone_number=phones.normalize(username or ""))
        except PhoneNumberInvalid:
            raise self.model.DoesNotExist from None

    def create_user(
        self, phone_number: str, password: str | None = None, *, referral_code: str = "", **fields: Any
    ) -> "User":
        """Create a user with a new invite code, or the one they had elsewhere (`referral_codes.kept`).

        Without a password the user signs in by confirmation code only. Raises `PhoneNumberInvalid`,
        `PhoneNumberTaken`, `ExternalIdTaken` or `ReferralCodeTaken`.
        """
        phone_number = phones.normalize(phone_number)
        is_test = bool(fixed_code_of(phone_number)) and not fields.get("is_staff")
        while True:
            user = self.model(
                phone_number=phone_number,
                password=make_password(password),
                referral_code=referral_code or draw_referral_code(),
                is_test=is_test,
                **fields,
            )
            # A drawn code needs no savepoint: what is refused has inserted nothing.
            with transaction.atomic(savepoint=bool(referral_code)):
                if sql.insert(user, on_conflict="ON CONFLICT DO NOTHING"):
                    # After the insert, which waits for an erasure of the owner.
                    if referral_code and RetiredReferralCode.objects.filter(pk=referral_code).exists():
                        raise ReferralCodeTaken
                    user.fetched_number_was_here_before = FormerNumber.objects.arrive(user)
                    user.fetched_used_referral_code = None
                    return user
            self._refuse_taken(user)
            if referral_code and self.filter(referral_code=referral_code).exists():
                raise ReferralCodeTaken

    def update_user(self, user: "User", *, keep: str = "", **fields: Any) -> dict[str, Any]:
        """Change fields of a user; no fields, no query. A new number, and being disabled, end every session.

        `keep`: the credential of a session to keep, for a person who changes their own number.
        Returns the former values of the fields that differ. Raises `PhoneNumberInvalid`, `PhoneNumberTaken`,
        `ExternalIdTaken`, or `AccountDisabled` if the user was erased.
        """
        if not fields:
            return {}
        if "phone_number" in fields:
            fields["phone_number"] = phones.normalize(fields["phone_number"])
        with transaction.atomic(using=self.db):
            # Locked: of two concurrent changes the second compares with what the first one stored.
            stored = self.select_for_update().filter(pk=user.pk).first()
            if stored is None:
                raise AccountDisabled
            for name, value in fields.items():
                setattr(user, name, value)
            former = {name: getattr(stored, name) for name, value in fields.items() if getattr(stored, name) != value}
            if former:
                self._store(user, stored, changed=former, keep=keep)
        return former

    def _store(self, user: "User", stored: "User", *, changed: Collection[str], keep: str) -> None:
        try:
            with transaction.atomic(using=self.db):
                user.save(update_fields=changed, using=self.db)
                if "phone_number" in changed:
                    FormerNumber.objects.leave(stored, account=user)
                    user.fetched_number_was_here_before = FormerNumber.objects.arrive(user)
        except IntegrityError:
            self._refuse_taken(user)
            raise
        if "phone_number" in changed or ("is_active" in changed and not user.is_active):
            user.end_all_sessions(keep=keep)

    def _refuse_taken(self, user: "User") -> None:
        """Raise the refusal behind a violated unique constraint, if another user has what this one was to have."""
        others = self.exclude(pk=user.pk)
        if others.filter(phone_number=user.phone_number).exists():
            raise PhoneNumberTaken from None
        if user.external_id is not None and others.filter(external_id=user.external_id).exists():
            raise ExternalIdTaken from None

    def create_superuser(self, phone_number: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user with every permission in the admin panel."""
        return self.create_user(phone_number, password, **fields, is_staff=True, is_superuser=True)
