"""What an operator has to know at once, for the dashboard and the list of messages."""

from collections.abc import Iterator

import redis
from django.conf import settings
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _

from users.limits import limits
from users.models import Webhook
from users.sign_in import code_length
from users.sms import health, heartbeat
from users.upkeep import secret_key

#: The scheduler runs a task every 5 seconds.
_SILENT_SECONDS = 60


def all_alerts() -> list[str]:
    return [*of_sending(), *_of_limits(), *_of_workers(), *_of_webhooks()]


def of_sending() -> Iterator[str]:
    """Yield what keeps messages from being sent: failing gateways, workers with another SECRET_KEY."""
    for gateway in health.health():
        if gateway.is_failing:
            yield _("Gateway %(channel)s failed %(failures)d of its last %(messages)d messages.") % {
                "channel": gateway.channel,
                "failures": gateway.failures,
                "messages": gateway.messages,
            }
    if refused_at := secret_key.last_refusal():
        yield _("A worker was refused at %(time)s: its SECRET_KEY is not that of the service.") % {
            "time": localize(timezone.localtime(refused_at))
        }


def _of_limits() -> Iterator[str]:
    if limits.is_used_up(limits.CODES.of()):
        yield _("Sending is paused: the limit of codes for everybody (LIMIT_CODES) is used up.")
    if code_length.is_under_attack():
        yield _("So many wrong codes are being entered everywhere that new codes have more digits: %(digits)d.") % {
            "digits": code_length.length_for_strangers()
        }


def _of_webhooks() -> Iterator[str]:
    if Webhook.objects.exclude(switched_off="").exists():
        yield _("A webhook is switched off, because its receiver fails: see Webhooks.")


def _of_workers() -> Iterator[str]:
    if not settings.REDIS_URL:
        return
    try:
        silent = heartbeat.seconds_since_last()
    except redis.RedisError:
        yield _("Redis does not answer: requests send their codes themselves.")
        return
    if silent is None:
        yield _("No worker has run a scheduled task yet: start a worker and the scheduler.")
    elif silent > _SILENT_SECONDS:
        yield _("No worker has run a scheduled task for %(minutes)d min: the scheduler or the workers are down.") % {
            "minutes": silent // 60
        }
