"""The Celery application: `celery -A referral_project worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")

app = Celery("referral_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
