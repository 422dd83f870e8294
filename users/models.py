"""The tables. Every rule that a database can hold, it holds: one phone, one code, one referral a person."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import connection, models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from users import client_address, phones, referral_codes
from users.fields import PhoneNumberField
from users.managers import DeliveryQuerySet, UserManager
from users.validators import validate_username

# Part of every profile, and written out as those of `sql` are.
_NEWEST_REFERRALS = """
    SELECT phone_number FROM users_referral JOIN users_user ON users_user.id = invited_id
    WHERE inviter_id = %s ORDER BY activated_at DESC, users_referral.id DESC LIMIT %s
"""


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


class Delivery(models.Model):
    """One sent code: what is still to be done for it, and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        #: The code was used, or a newer one sent, before a gateway took this message.
        REPLACED = "replaced", _("replaced")

    class Failure(models.TextChoices):
        REFUSED = "refused", _("refused, or not reachable")
        TIMEOUT = "timeout", _("no answer in time")
        MISCONFIGURED = "misconfigured", _("wrong address in SMS_URL")
        NOT_QUEUED = "not_queued", _("the broker was gone")
        TOO_LATE = "too_late", _("no worker came in time")

    #: Empty once the person is erased: the counts stay right.
    phone_number = PhoneNumberField(_("phone number"), max_length=phones.MAX_LENGTH, blank=True)
    #: Which sending of the number's code this is: it is the current one while the code has the same token.
    verification_token = models.UUIDField(editable=False)
    created_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("expires"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    #: The name of the channel that took it (see `sms`), without its credentials.
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    #: Those that failed for this message, apart by spaces.
    failed_channels = models.TextField(_("channels that failed"), blank=True)
    last_failure = models.CharField(_("last failure"), max_length=14, choices=Failure, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    #: Until when a worker has it to itself.
    claimed_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True)
    #: What is to be sent, for the service alone to read (see `deliveries`); empty once nothing is to be sent any more.
    sealed_text = models.TextField(blank=True, default="", db_default="", editable=False)
    #: Of the request that asked for it, for the log lines of whoever sends it.
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    #: Since when a worker should know of it; null: nobody was told yet.
    queued_at = models.DateTimeField(null=True, editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("created_at", "id"), name="delivery_by_time"),
            models.Index(fields=("phone_number", "created_at"), name="delivery_by_phone"),
            models.Index(fields=("state", "created_at"), name="delivery_by_state"),
            models.Index(fields=("channel", "created_at"), name="delivery_by_channel"),
        )

    def __str__(self) -> str:
        return f"{self.phone_number}, {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def outcome(self) -> State:
        """Its state, but failed when it still waits after its code's life: then its task was lost."""
        is_lost = self.state == self.State.WAITING and self.expires_at <= timezone.now()
        return self.State.FAILED if is_lost else self.State(self.state)


class Referral(models.Model):
    """Who came with whom. Either side becomes null when that person is erased; the row stays as an anonymous link."""

    #: One-to-one: the database itself lets nobody activate a second code.
    invited = models.OneToOneField(
        User, models.SET_NULL, null=True, related_name="invitation", verbose_name=_("invited")
    )
    inviter = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="referrals", db_index=False, verbose_name=_("inviter")
    )
    referral_code = models.CharField(_("invite code"), max_length=referral_codes.MAX_LENGTH)
    activated_at = models.DateTimeField(_("activated"), default=timezone.now)

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        ordering = ("-activated_at", "-id")
        indexes = (
            models.Index(fields=("inviter", "activated_at", "id"), name="referral_by_inviter"),
            models.Index(fields=("activated_at", "id"), name="referral_by_time"),
        )
        constraints = (
            models.CheckConstraint(name="nobody_invites_themselves", condition=~models.Q(inviter=models.F("invited"))),
        )

    def __str__(self) -> str:
        return f"{self.referral_code}, {self.activated_at:%Y-%m-%d}"


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


class SignInAttempt(models.Model):
    """A confirmation code that was tried for a number, wrongly or rightly, and from which client address."""

    #: Empty, as the address, once the person is erased: the counts stay right.
    phone_number = PhoneNumberField(_("phone number"), max_length=phones.MAX_LENGTH, blank=True)
    #: A keyed digest: enough to tell addresses apart, and to know one again.
    address = models.CharField(_("address"), max_length=client_address.DIGEST_LENGTH)
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


class LimitCounter(models.Model):
    """How much of a limit is used up, kept here as long as no Redis keeps it."""

    key = models.CharField(max_length=120, primary_key=True)
    count = models.PositiveIntegerField()
    allowed = models.PositiveIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.count} of {self.allowed}"


class RunningTotals(models.Model):
    """How often each thing had happened before a moment (UTC): a row for every quarter of an hour, kept for good."""

    at = models.DateTimeField(primary_key=True)
    registrations = models.PositiveBigIntegerField(_("registrations"), default=0)
    sign_ins = models.PositiveBigIntegerField(_("sign-ins"), default=0)
    activations = models.PositiveBigIntegerField(_("activations"), default=0)
    codes_sent = models.PositiveBigIntegerField(_("codes sent"), default=0)
    codes_delivered = models.PositiveBigIntegerField(_("codes delivered"), default=0)
    codes_failed = models.PositiveBigIntegerField(_("codes not delivered"), default=0)

    class Meta:
        verbose_name = _("running totals")
        verbose_name_plural = _("running totals")
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class AuditRecord(models.Model):
    """What a member of staff did, and to whom: written with the deed itself, never changed, and purged in the end."""

    class Action(models.TextChoices):
        SIGNED_IN = "signed_in", _("signed in")
        VIEWED = "viewed", _("viewed")
        LISTED = "listed", _("listed")
        CREATED = "created", _("created")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")
        EXPORTED = "exported", _("exported")

    at = models.DateTimeField(_("time"), default=timezone.now)
    # Without a constraint: who and whom stays known by a number that means nothing once that person is erased.
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+", verbose_name=_("who")
    )
    person = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("whom"),
    )
    #: What it is about if no person: a table, or a row of it, as "group 3".
    thing = models.CharField(_("what"), max_length=80, blank=True)
    action = models.CharField(_("action"), max_length=20, choices=Action.choices)
    #: Old and new value by field, null where neither is kept; of a list, the ids that it showed.
    details = models.JSONField(_("details"), default=dict)
    #: A keyed digest of the client's address: enough to know it again.
    address = models.CharField(_("address, as a digest"), max_length=client_address.DIGEST_LENGTH)

    class Meta:
        verbose_name = _("audit record")
        verbose_name_plural = _("audit records")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("person", "id"), name="audit_by_person", condition=models.Q(person__isnull=False)),
            models.Index(fields=("actor", "id"), name="audit_by_actor"),
            models.Index(fields=("at",), name="audit_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_action_display()}"


class SecondFactor(TOTPDevice):  # type: ignore[misc]
    """The authenticator app of a member of staff, under the name that the panel gives it."""

    class Meta:
        proxy = True
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        default_permissions = ()
