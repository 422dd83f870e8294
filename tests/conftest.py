"""What every test stands on: no waiting for the simulated gateway, and clients that speak JSON."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import LONG_AGO, api_client, create_staff, create_superuser
from tests.support.limits import every_limit
from tests.support.panel import panel_client
from tests.support.quick_flush import install_quick_flush


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Put SQLite's test database into a file: threads can't race in memory."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(Path(tmp_path_factory.mktemp("database")) / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        install_quick_flush(patch)
        yield


@pytest.fixture(autouse=True)
def quick_gateway(settings: Settings) -> None:
    settings.CONSOLE_SMS_MIN_DELAY_SECONDS = settings.CONSOLE_SMS_MAX_DELAY_SECONDS = 0


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hash at once what would take a tenth of a second on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def client() -> APIClient:
    """Somebody who has not signed in."""
    return APIClient()


@pytest.fixture
def admin_client() -> Client:
    """A superuser, registered before every other user, in the admin panel."""
    return panel_client(create_superuser(username="Boss", registered_at=LONG_AGO))


@pytest.fixture
def staff_client() -> APIClient:
    """Staff, registered before every other user, in the API."""
    return api_client(create_staff(registered_at=LONG_AGO))


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still until it is told: `clock.shift(60)`, in seconds."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def unlimited(settings: Settings) -> None:
    """Lift every limit, for tests of what happens a hundred times."""
    for name, no_limit in every_limit("").items():
        setattr(settings, name, no_limit)
