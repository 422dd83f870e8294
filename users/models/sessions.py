"""JWT sessions that have been renewed."""

from django.db import models

from users.models.people import User


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

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
