"""Confirmation codes and the attempts to redeem them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.http.client_ip import DIGEST_LENGTH
from users import phones
from users.models.fields import PhoneNumberField


class ConfirmationCode(models.Model):
    """The one code of a phone number, replaced in place by the next. Only a keyed digest of it is kept."""

    phone_number = PhoneNumberField(_("phone number"), max_length=phones.MAX_LENGTH, unique=True)
    #: The name given with the request; it is used only if this sign-in turns out to be the first.
    username = models.CharField(_("name"), max_length=150, blank=True)
    digest = models.CharField(max_length=64)
    verification_token = models.UUIDField(default=uuid.uuid4, unique=True)
    issued_at = models.DateTimeField(_("issued"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    resend_at = models.DateTimeField(_("next one no sooner than"))
    wrong_tries = models.PositiveSmallIntegerField(_("wrong tries"), default=0)
    used_at = models.DateTimeField(_("used"), null=True)

    class Meta:
        verbose_name = _("confirmation code")
        verbose_name_plural = _("confirmation codes")

    def __str__(self) -> str:
        return self.phone_number

    @property
    def tries_left(self) -> int:
        return max(0, int(settings.CONFIRMATION_CODE_MAX_WRONG_TRIES) - self.wrong_tries)

    @property
    def is_waiting(self) -> bool:
        """Whether it has neither been used nor expired."""
        return self.used_at is None and timezone.now() < self.expires_at


class SignInAttempt(models.Model):
    """A confirmation code that was tried for a number, wrongly or rightly, and from which client address."""

    #: Empty, as the address, once the person is erased: the counts stay right.
    phone_number = PhoneNumberField(_("phone number"), max_length=phones.MAX_LENGTH, blank=True)
    #: A keyed digest: enough to tell addresses apart, and to know one again.
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
