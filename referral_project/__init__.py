"""Settings, root URLs and entry points of the referral service."""

from referral_project.celery import app as celery_app

__all__ = ["celery_app"]
