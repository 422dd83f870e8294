"""Counters of limits."""

from django.db import models


class LimitCounter(models.Model):
    """A count towards a limit, kept here only while Redis does not count."""

    key = models.CharField(max_length=120, primary_key=True)
    count = models.PositiveIntegerField()
    allowed = models.PositiveIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.count} of {self.allowed}"
