"""Confirmation codes and attempts to sign in with them."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.http.client_ip import DIGEST_LENGTH
from users.models.fields import PhoneNumberField, username_field
from users.phones import PhoneNumber

if TYPE_CHECKING:
    from users.models.people import User

#: For how long after its use the browser that used a code may submit it again: people press a button twice.
REPEATABLE_SECONDS = 60


class Purpose(models.TextChoices):
    """What a code is good for: one of another purpose is never compared with it."""

    SIGN_IN = "sign_in", _("sign-in")
    CHANGE_NUMBER = "change_number", _("change of number")
    CONFIRM = "confirm", _("confirmation")


class ConfirmationCodeManager(models.Manager["ConfirmationCode"]):
    def of(self, phone_number: str) -> models.QuerySet["ConfirmationCode"]:
        """Return the codes of a number: at most one for known addresses, and one for all others."""
        return self.filter(models.Q(phone_number=phone_number) | models.Q(known_phone_number=phone_number))

    def about(self, user: "User") -> models.QuerySet["ConfirmationCode"]:
        """Return the codes of the user's number, and those that the user asked for, to another number."""
        return self.of(user.phone_number) | self.filter(account=user)


class ConfirmationCode(models.Model):
    """The current code of a phone number, overwritten by the next one. Stored as a keyed digest only.

    A number has a second code if it is requested from an address known to the number: so requests and wrong tries of
    strangers do not affect the owner. A code replaces the one before, whatever its purpose: a purpose more gives no
    guess more.
    """

    #: Null for the code of known addresses. Two columns, each unique: an older release knows this one only.
    phone_number = PhoneNumberField(unique=True, null=True)
    known_phone_number = PhoneNumberField(unique=True, null=True)
    #: The name from the request for the code, used only if the sign-in creates the user.
    username = username_field()
    #: The client's IP as a keyed digest, if the request had a name: the name counts for that client only.
    address = models.CharField(max_length=DIGEST_LENGTH, blank=True, default="", db_default="", editable=False)
    digest = models.CharField(max_length=64)
    verification_token = models.UUIDField(default=uuid.uuid4, unique=True)
    purpose = models.CharField(
        _("purpose"), max_length=20, choices=Purpose.choices, default=Purpose.SIGN_IN, db_default=Purpose.SIGN_IN
    )
    #: The account that asked, for a purpose of people who are signed in. No constraint: the release before erases too.
    account = models.ForeignKey(
        "User", models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    issued_at = models.DateTimeField(_("issued"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    resend_at = models.DateTimeField(_("next one no sooner than"))
    wrong_tries = models.PositiveSmallIntegerField(_("wrong tries"), default=0)
    #: Those from addresses known to the number, which have their own tries.
    known_wrong_tries = models.PositiveSmallIntegerField(_("wrong tries from known addresses"), default=0, db_default=0)
    used_at = models.DateTimeField(_("used"), null=True)
    #: A keyed digest of a cookie of the browser that used the code; empty for a program.
    used_by = models.CharField(max_length=64, default="", db_default="", blank=True, editable=False)

    objects = ConfirmationCodeManager()

    class Meta:
        verbose_name = _("confirmation code")
        verbose_name_plural = _("confirmation codes")
        indexes = (
            models.Index(fields=("account",), name="code_by_account", condition=models.Q(account__isnull=False)),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> PhoneNumber:
        """The phone number that the code was sent to."""
        return self.known_phone_number or self.phone_number

    def tries_left(self, *, is_known: bool) -> int:
        """Return how many wrong tries an address known to the number has left, or all others together."""
        used = self.known_wrong_tries if is_known else self.wrong_tries
        return max(0, int(settings.CONFIRMATION_CODE_MAX_WRONG_TRIES) - used)

    def record_wrong_try(self, *, is_known: bool) -> None:
        self.known_wrong_tries += is_known
        self.wrong_tries += not is_known
        self.save(update_fields=["known_wrong_tries", "wrong_tries"])

    @property
    def is_waiting(self) -> bool:
        """True if the code is neither used nor expired."""
        return self.used_at is None and timezone.now() < self.expires_at

    @property
    def was_just_used(self) -> bool:
        """True if a second submit of the same form can still arrive."""
        return self.used_at is not None and timezone.now() < self.used_at + timedelta(seconds=REPEATABLE_SECONDS)


class SignInAttempt(models.Model):
    """One attempt to sign in with a confirmation code, right or wrong, and the client's IP as a digest."""

    #: Emptied, as `address` is, when the user is erased: the row is still counted.
    phone_number = PhoneNumberField(blank=True)
    #: A keyed digest of the client's IP: it can be compared, but not read.
    address = models.CharField(_("address"), max_length=DIGEST_LENGTH)
    at = models.DateTimeField(_("time"), default=timezone.now)
    succeeded = models.BooleanField(_("signed in"))

    class Meta:
        verbose_name = _("sign-in attempt")
        verbose_name_plural = _("sign-in attempts")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("phone_number", "at"), name="attempt_by_phone"),
            models.Index(fields=("succeeded", "at"), name="attempt_by_outcome"),
            models.Index(fields=("at", "id"), name="attempt_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.phone_number}, {self.at:%Y-%m-%d %H:%M}"
