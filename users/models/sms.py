"""Messages with a confirmation code: their state and outcome."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.fields import PhoneNumberField


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    model: type["Delivery"]

    def having_outcome(self, outcome: str) -> "DeliveryQuerySet":
        """Filter by `Delivery.outcome`; the index `delivery_by_state` serves it."""
        now = timezone.now()
        if outcome == "waiting":
            return self.filter(state="waiting", expires_at__gt=now)
        if outcome == "failed":
            return self.filter(models.Q(state="failed") | models.Q(state="waiting", expires_at__lte=now))
        return self.filter(state=outcome)

    def with_outcome(self) -> "DeliveryQuerySet":
        """Add `outcome_now`: `Delivery.outcome` in SQL."""
        lost = models.When(state="waiting", expires_at__lte=timezone.now(), then=models.Value("failed"))
        return self.annotate(outcome_now=models.Case(lost, default="state", output_field=models.CharField()))


class Delivery(models.Model):
    """One message: with a confirmation code, or a notice."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        #: The code was used or replaced before a gateway accepted this message.
        REPLACED = "replaced", _("replaced")

    class Failure(models.TextChoices):
        REFUSED = "refused", _("refused, or not reachable")
        TIMEOUT = "timeout", _("no answer in time")
        MISCONFIGURED = "misconfigured", _("wrong address in SMS_URL")
        #: Of earlier releases; today the request sends what no worker can be told of.
        NOT_QUEUED = "not_queued", _("the broker was gone")
        UNREADABLE = "unreadable", _("with another SECRET_KEY")
        TOO_LATE = "too_late", _("no worker came in time")

    #: Emptied when the user is erased: the row is still counted.
    phone_number = PhoneNumberField(blank=True)
    #: Equal to the token of the `ConfirmationCode` while this message carries the current code; null: a notice.
    verification_token = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("expires"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    #: The name of the channel that accepted it (see `sms.channels`).
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    #: Names of the channels that failed, separated by spaces.
    failed_channels = models.TextField(_("channels that failed"), blank=True)
    last_failure = models.CharField(_("last failure"), max_length=14, choices=Failure, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    #: A worker has an exclusive lease until then.
    claimed_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True)
    #: The encrypted text (see `sms.outbox`); emptied when the message is closed.
    sealed_text = models.TextField(blank=True, default="", db_default="", editable=False)
    #: The id of the request for the code, for the log lines of the worker.
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    #: When its task was queued; null: not yet.
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
        """The state, or failed if it still waits after its code expired: its task was lost."""
        is_lost = self.state == self.State.WAITING and self.expires_at <= timezone.now()
        return self.State.FAILED if is_lost else self.State(self.state)
