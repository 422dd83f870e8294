"""Schedules of periodic tasks that a clock which was set back does not stop."""

from datetime import datetime

from celery.schedules import schedstate, schedule


class Every(schedule):  # type: ignore[misc]
    """An interval. Celery's own would wait until the clock reaches the time of the last run again."""

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Tell whether the task is due after its last run (UTC), and in how many seconds to ask again."""
        return super().is_due(min(self.maybe_make_aware(last_run_at), self.maybe_make_aware(self.now())))
