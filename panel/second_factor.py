"""Second factor of staff: codes of an authenticator app (TOTP, RFC 6238) and recovery codes."""

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
#: Length of django-otp's column. A recovery code has 40 bits, so 64 bits of digest are enough.
_DIGEST_LENGTH = 16
_PURPOSE = "users.second_factor"


def is_passed(request: HttpRequest) -> bool:
    """True if this session has passed the second factor, or none is required."""
    if not settings.STAFF_SECOND_FACTOR:
        return True
    shown = request.session.get(django_otp.DEVICE_ID_SESSION_KEY)
    device = Device.from_persistent_id(shown) if shown else None
    return device is not None and device.confirmed and device.user_id == request.user.pk


def app_of(user: User) -> TOTPDevice:
    """Return the confirmed app of a member of staff, or the one to set up; creates it if there is none."""
    apps = TOTPDevice.objects.filter(user=user)
    device: TOTPDevice = apps.order_by("-confirmed", "pk").first() or apps.create(
        user=user, name="app", confirmed=False
    )
    return device


@sensitive_variables("code")
def enter(request: HttpRequest, *, code: str) -> bool:
    """Pass the second factor with a code; True on success. A wrong code counts as a wrong password (axes).

    django-otp also doubles the waiting time after each wrong code.
    """
    user = cast("User", request.user)
    device = _device_of(user, code)
    given = code if isinstance(device, TOTPDevice) else _stored_digest(device, code)
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
    """Confirm the app with its first code and return the recovery codes in clear; None if the code is wrong."""
    user = cast("User", request.user)
    app = TOTPDevice.objects.select_for_update().get(pk=app_of(user).pk)
    if app.confirmed or not app.verify_token(code):
        return None
    app.confirmed = True
    app.save(update_fields=["confirmed"])
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    recovery_device = StaticDevice.objects.create(user=user, name="recovery code")
    StaticToken.objects.bulk_create(StaticToken(device=recovery_device, token=_digest(code)) for code in codes)
    request.session.cycle_key()
    django_otp.login(request, app)
    audit.record(by=request, action=audit.Action.CHANGED, about=user, details={"second_factor": None})
    return codes


@transaction.atomic
def reset(*, user: User) -> None:
    """Delete the app and the recovery codes of a user, who sets up new ones at the next sign-in."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _device_of(user: User, code: str) -> Device | None:
    kind = TOTPDevice if code.isdecimal() else StaticDevice
    return kind.objects.filter(user=user, confirmed=True).first()


def _stored_digest(device: StaticDevice | None, recovery_code: str) -> str:
    """Return the digest of a recovery code as it is stored: by SECRET_KEY, or by one of SECRET_KEY_FALLBACKS."""
    possible = digests.all_keyed(_PURPOSE, recovery_code.lower())
    stored = StaticToken.objects.filter(device=device, token__in=[each[:_DIGEST_LENGTH] for each in possible]).first()
    return str(stored.token) if stored else _digest(recovery_code)


def _digest(recovery_code: str) -> str:
    """Return the keyed digest that is stored instead of a recovery code."""
    return digests.keyed(_PURPOSE, recovery_code.lower())[:_DIGEST_LENGTH]
