"""The audit trail of staff actions, and the second factor of staff."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from common.http.client_ip import DIGEST_LENGTH
from users.models.people import User
from users.models.services import ServiceAccount


class AuditRecord(models.Model):
    """One action of a staff member or a service: written in its transaction, never changed, purged after a while.

    Without `actor` and `service` a command did it.
    """

    class Action(models.TextChoices):
        SIGNED_IN = "signed_in", _("signed in")
        VIEWED = "viewed", _("viewed")
        LISTED = "listed", _("listed")
        CREATED = "created", _("created")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")
        EXPORTED = "exported", _("exported")
        BLOCKED = "blocked", _("blocked")
        UNBLOCKED = "unblocked", _("unblocked")
        SIGNED_OUT = "signed_out", _("signed out everywhere")
        UNLOCKED = "unlocked", _("unlocked the number")
        CODE_SENT = "code_sent", _("sent a code")
        NOTED = "noted", _("noted")
        #: Done by the holder of a token, not by staff: there is no actor.
        TOKEN_REUSED = "token_reused", _("used a refresh token twice: the session ended")

    #: What changes nothing: the panel hides these unless they are asked for.
    READING = (Action.VIEWED, Action.LISTED)

    at = models.DateTimeField(_("time"), default=timezone.now)
    # No constraint: the ids stay after the user is erased, and are anonymous then.
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+", verbose_name=_("who")
    )
    service = models.ForeignKey(
        ServiceAccount,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("service account"),
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
    #: The object if it is not a user: a table, or a row such as "group 3".
    thing = models.CharField(_("what"), max_length=80, blank=True)
    action = models.CharField(_("action"), max_length=20, choices=Action.choices)
    #: [old, new] by field, null if the values are not kept; for a list, the ids that it showed.
    details = models.JSONField(_("details"), default=dict)
    #: A keyed digest of the client's IP: it can be compared, but not read.
    address = models.CharField(_("address, as a digest"), max_length=DIGEST_LENGTH)

    class Meta:
        verbose_name = _("audit record")
        verbose_name_plural = _("audit trail")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("person", "id"), name="audit_by_person", condition=models.Q(person__isnull=False)),
            models.Index(fields=("actor", "id"), name="audit_by_actor"),
            models.Index(fields=("service", "id"), name="audit_by_service", condition=models.Q(service__isnull=False)),
            models.Index(fields=("at",), name="audit_by_time"),
            models.Index(fields=("id",), name="audit_of_deeds", condition=~models.Q(action__in=("viewed", "listed"))),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_action_display()}"


class SecondFactor(TOTPDevice):  # type: ignore[misc]
    """The authenticator app (TOTP) of a staff member, with the panel's name for it."""

    class Meta:
        proxy = True
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        default_permissions = ()
