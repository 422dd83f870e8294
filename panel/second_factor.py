"""The second factor of staff: codes of an app (TOTP, RFC 6238), and recovery codes for the day when it is lost."""

from typing import cast

import django_otp
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from common import digests
from panel import lockout
from users import audit
from users.models import User

RECOVERY_CODES = 10
#: As long as the column of the library: half of it would do, for a code has 40 bits.
_DIGEST_LENGTH = 16


def is_passed(request: HttpRequest) -> bool:
    """Whether this session has shown a second factor, or none is asked for."""
    if not settings.STAFF_SECOND_FACTOR:
        return True
    shown = request.session.get(django_otp.DEVICE_ID_SESSION_KEY)
    device = Device.from_persistent_id(shown) if shown else None
    return device is not None and device.confirmed and device.user_id == request.user.pk


def app_of(user: User) -> TOTPDevice:
    """Return the app that a member of staff has confirmed, or else the one that waits to be set up."""
    apps = TOTPDevice.objects.filter(user=user)
    device: TOTPDevice = apps.order_by("-confirmed", "pk").first() or apps.create(
        user=user, name="app", confirmed=False
    )
    return device


@sensitive_variables("code")
def enter(request: HttpRequest, *, code: str) -> bool:
    """Let this session in if the code is right. A wrong one counts like a wrong password, and slows down the next."""
    user = cast("User", request.user)
    device = _device_of(user, code)
    given = code if isinstance(device, TOTPDevice) else _digest(code)
    if device is None or not django_otp.verify_token(user, device.persistent_id, given):
        user_login_failed.send(__name__, credentials={"username": user.get_username()}, request=request)
        return False
    lockout.forgive(request)
    request.session.cycle_key()
    django_otp.login(request, device)
    audit.record(by=request, action=audit.Action.SIGNED_IN, details={"second_factor": device.name})
    return True


def is_locked(request: HttpRequest) -> bool:
    return not AxesProxyHandler.is_allowed(request, {"username": request.user.get_username()})


@transaction.atomic
def confirm(request: HttpRequest, *, code: str) -> list[str] | None:
    """Set up the app that shows this code; return the recovery codes, clear for the only time. None if it is wrong."""
    user = cast("User", request.user)
    app = TOTPDevice.objects.select_for_update().get(pk=app_of(user).pk)
    if app.confirmed or not app.verify_token(code):
        return None
    app.confirmed = True
    app.save(update_fields=["confirmed"])
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    paper = StaticDevice.objects.create(user=user, name="recovery code")
    StaticToken.objects.bulk_create(StaticToken(device=paper, token=_digest(code)) for code in codes)
    request.session.cycle_key()
    django_otp.login(request, app)
    audit.record(by=request, action=audit.Action.CHANGED, about=user, details={"second_factor": None})
    return codes


@transaction.atomic
def reset(*, user: User) -> None:
    """Take a member of staff's app and recovery codes away: they set up new ones when they next come."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _device_of(user: User, code: str) -> Device | None:
    kind = TOTPDevice if code.isdecimal() else StaticDevice
    return kind.objects.filter(user=user, confirmed=True).first()


def _digest(recovery_code: str) -> str:
    """Return what is stored of a recovery code."""
    return digests.keyed("users.second_factor", recovery_code.lower())[:_DIGEST_LENGTH]
