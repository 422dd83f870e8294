"""The scheduler's tasks, run where they are called."""

from referral_project.celery import app


def run_scheduled(name: str) -> None:
    """Run the task of an entry of CELERY_BEAT_SCHEDULE, found as a worker finds it."""
    app.loader.import_default_modules()
    app.tasks[app.conf.beat_schedule[name]["task"]].apply().get()
