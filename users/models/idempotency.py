"""Requests that a client may send twice."""

from django.db import models


class IdempotencyKey(models.Model):
    """An `Idempotency-Key` that was sent, as a keyed digest, and the answer, which only that key can decrypt."""

    digest = models.CharField(max_length=64, primary_key=True)
    #: A keyed digest of the body.
    fingerprint = models.CharField(max_length=64)
    #: Empty while the first request runs.
    sealed_answer = models.TextField(default="", db_default="")
    #: A request that has not answered by then was killed.
    claimed_until = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:8]
