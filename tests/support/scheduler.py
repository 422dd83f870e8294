"""Run tasks of the Celery beat schedule."""

from referral_project.celery import app


def run_scheduled(name: str) -> None:
    """Run the task of a schedule entry in this process. Raises what the task raises."""
    app.loader.import_default_modules()  # registers the tasks, as a worker does when it starts
    app.tasks[app.conf.beat_schedule[name]["task"]].apply().get()
