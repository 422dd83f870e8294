"""People, and the invite codes of those who were erased."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from users import phones, referral_codes
from users.models.fields import PhoneNumberField
from users.refusals import PhoneNumberInvalid, PhoneNumberTaken
from users.validators import validate_username

# Part of every profile, and written out as those of `sql` are.
_NEWEST_REFERRALS = """
    SELECT phone_number FROM users_referral JOIN users_user ON users_user.id = invited_id
    WHERE inviter_id = %s ORDER BY activated_at DESC, users_referral.id DESC LIMIT %s
"""


class RetiredReferralCode(models.Model):
    """The invite code of an erased person: never given to anyone again."""

    referral_code = models.CharField(_("invite code"), max_length=referral_codes.MAX_LENGTH, primary_key=True)
    #: In which quarter of an hour that person registered: enough to count them still, and to tell nothing else of them.
    registered_at = models.DateTimeField(_("registered"), null=True, db_index=True)

    class Meta:
        verbose_name = _("retired invite code")
        verbose_name_plural = _("retired invite codes")

    def __str__(self) -> str:
        return self.referral_code


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by a phone number as it is typed."""
        try:
            return self.get(phone_number=phones.normalize(username or ""))
        except PhoneNumberInvalid:
            raise self.model.DoesNotExist from None

    def create_user(self, phone_number: str, password: str | None = None, **fields: Any) -> "User":
        """Save a person with an invite code of their own; without a password they sign in by code only.

        Raises `PhoneNumberInvalid` or `PhoneNumberTaken`.
        """
        phone_number = phones.normalize(phone_number)
        while True:
            user = self.model(
                phone_number=phone_number,
                password=make_password(password),
                referral_code=_draw_referral_code(),
                **fields,
            )
            try:
                with transaction.atomic(using=self.db):
                    user.save(force_insert=True, using=self.db)
            except IntegrityError:
                if self.filter(phone_number=phone_number).exists():
                    raise PhoneNumberTaken from None
                if not self.filter(referral_code=user.referral_code).exists():
                    raise
            else:
                return user

    def update_user(self, user: "User", **fields: Any) -> None:
        """Change a person's own data. Raises `PhoneNumberInvalid` or `PhoneNumberTaken`."""
        if "phone_number" in fields:
            fields["phone_number"] = phones.normalize(fields["phone_number"])
        for name, value in fields.items():
            setattr(user, name, value)
        try:
            with transaction.atomic(using=self.db):
                user.save(update_fields=[*fields], using=self.db)
        except IntegrityError:
            raise PhoneNumberTaken from None

    def create_superuser(self, phone_number: str, password: str | None = None, **fields: Any) -> "User":
        """Save a person who may do everything in the admin panel."""
        return self.create_user(phone_number, password, **fields, is_staff=True, is_superuser=True)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by phone number. Only staff have a password; everyone has an invite code, once and for all."""

    phone_number = PhoneNumberField(_("phone number"), max_length=phones.MAX_LENGTH, unique=True)
    username = models.CharField(_("name"), max_length=150, blank=True, validators=[validate_username])
    referral_code = models.CharField(
        _("invite code"), max_length=referral_codes.MAX_LENGTH, unique=True, editable=False
    )
    #: How many people entered this code, erased ones included: counted here, for counting rows takes longer with each.
    referrals_count = models.PositiveIntegerField(_("people invited"), default=0, editable=False)
    #: Raised to end every JWT and web session at once: what was opened under another number is refused.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Someone who is not active can't sign in."))
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("Staff may enter this admin panel."))
    registered_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "phone_number"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("-registered_at", "-id")
        indexes = (
            models.Index(fields=("registered_at", "id"), name="user_by_registration"),
            models.Index(fields=("registered_at", "id"), name="user_staff", condition=models.Q(is_staff=True)),
            models.Index(fields=("registered_at", "id"), name="user_disabled", condition=models.Q(is_active=False)),
        )

    def __str__(self) -> str:
        return f"{self.username} {self.phone_number}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Leave what the database counts to it: somebody loaded a while ago must not write back old numbers."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            columns = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = columns - {"referrals_count", "session_epoch"}
        super().save(*args, **kwargs)

    def get_session_auth_hash(self) -> str:
        """Return what a web session must hold to go on: it changes with the password and with the epoch."""
        return f"{self.session_epoch}:{super().get_session_auth_hash()}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return (f"{self.session_epoch}:{former}" for former in super().get_session_auth_fallback_hash())

    def get_username(self) -> str:
        return self.phone_number

    @cached_property  # so that a query for the person can bring it along
    def used_referral_code(self) -> str | None:
        """The code of another person that this one entered, as it was then."""
        return self.invitation.referral_code if hasattr(self, "invitation") else None

    def newest_referral_phones(self, limit: int) -> list[str]:
        """The numbers (E.164) of the newest people who came with this one; erased ones have none."""
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST_REFERRALS, [self.pk, limit])
            return [phone_number for (phone_number,) in cursor.fetchall()]

    @property
    def activation_deadline(self) -> datetime | None:
        """Until when (UTC) a code can be activated; None while there is no limit."""
        if not settings.REFERRAL_WINDOW_DAYS:
            return None
        return self.registered_at + timedelta(days=settings.REFERRAL_WINDOW_DAYS)


def _draw_referral_code() -> str:
    """Draw a code that no erased person had either; a code drawn twice at once is left to the unique constraint."""
    while RetiredReferralCode.objects.filter(pk=(code := referral_codes.draw())).exists():
        pass
    return code
