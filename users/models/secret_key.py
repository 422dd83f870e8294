"""Which SECRET_KEY the service uses."""

from django.db import models


class SecretKeyProof(models.Model):
    """A digest of the SECRET_KEY with which the service was migrated last; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    digest = models.CharField(max_length=64)
    #: When a worker with another key was refused last.
    refused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.digest[:8]
