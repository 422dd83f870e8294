"""Open sessions of every kind, and JWT sessions that have been renewed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.database.uuids import uuid7
from users.models.people import User

DEVICE_MAX_LENGTH = 64
USER_AGENT_MAX_LENGTH = 300


class UserSession(models.Model):
    """What people are shown of an open session. Written when it is opened and, when it is used, once a day.

    The session itself is a token of knox, a family of JWTs or a session of Django: this row never opens anything. The
    reference has no constraint: a release that does not know this table can still delete a user.
    """

    class Kind(models.TextChoices):
        TOKEN = "token", _("token")
        JWT = "jwt", _("JWT pair")
        WEB = "web", _("browser")

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey(User, models.CASCADE, db_constraint=False, related_name="open_sessions")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    #: The digest of the token, the id of the family, or the key of Django's session.
    credential = models.CharField(max_length=128, unique=True)
    #: What the program called its device; empty if it did not.
    device = models.CharField(max_length=DEVICE_MAX_LENGTH, blank=True)
    user_agent = models.CharField(max_length=USER_AGENT_MAX_LENGTH, blank=True)
    #: The network of the last use, without the part that tells one client from another.
    address_hint = models.CharField(max_length=30, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    #: A date (UTC).
    last_used_on = models.DateField()
    expires_at = models.DateTimeField(db_index=True)
    #: Until when this session may do what can't be undone, after a fresh code.
    confirmed_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class JWTFamily(models.Model):
    """The refresh tokens that descend from one sign-in (RFC 9700, section 4.14.2); written when the first one is used.

    The reference has no constraint: a release that does not know this table can still delete a user.
    """

    #: The `jti` (RFC 7519) of the first refresh token.
    id = models.UUIDField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, db_constraint=False, related_name="+")
    #: The `jti` of the refresh token that can be used now, and of the one it was exchanged for.
    current = models.UUIDField()
    previous = models.UUIDField(null=True)
    renewed_at = models.DateTimeField()
    #: When the newest refresh token expires.
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    #: The epoch of the user if this session went on when the others ended: then that of its tokens is out of date.
    session_epoch = models.PositiveIntegerField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
