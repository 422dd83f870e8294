"""Messages with a code: what is still to be sent, and the outcome."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users import phones
from users.models.fields import PhoneNumberField


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    model: type["Delivery"]

    def having_outcome(self, outcome: str) -> "DeliveryQuerySet":
        """Keep those with this `Delivery.outcome`; an index on state and time serves it."""
        now = timezone.now()
        if outcome == "waiting":
            return self.filter(state="waiting", expires_at__gt=now)
        if outcome == "failed":
            return self.filter(models.Q(state="failed") | models.Q(state="waiting", expires_at__lte=now))
        return self.filter(state=outcome)

    def with_outcome(self) -> "DeliveryQuerySet":
        """Add `outcome_now`, to count by: what `Delivery.outcome` is, in SQL."""
        lost = models.When(state="waiting", expires_at__lte=timezone.now(), then=models.Value("failed"))
        return self.annotate(outcome_now=models.Case(lost, default="state", output_field=models.CharField()))


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
