"""Fixtures for all tests: a gateway without delay, fast hashing and flushing, clients."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings
from rest_framework.test import APIClient

from common import es256
from tests.support.factories import LONG_AGO, create_superuser
from tests.support.factories import service_client as a_service
from tests.support.limits import every_limit
from tests.support.panel import panel_client
from tests.support.quick_flush import install_quick_flush
from tests.support.service import SHARED_FOLDER


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # workers inherit the variable
        os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="referral-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[SHARED_FOLDER])


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite's test database in a file: threads can't share one in memory."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(Path(tmp_path_factory.mktemp("database")) / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        install_quick_flush(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def signing_key() -> None:
    """Sign JWTs by one key of the run, which no file keeps."""
    django_settings.JWT_SIGNING_KEYS = [es256.generate()]


@pytest.fixture(autouse=True)
def quick_gateway(settings: Settings) -> None:
    settings.CONSOLE_SMS_MIN_DELAY_SECONDS = settings.CONSOLE_SMS_MAX_DELAY_SECONDS = 0


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hash passwords with MD5: the production hasher takes 0.1 s."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Forget the language of the last request: this thread makes those of other tests too."""
    yield
    translation.deactivate()


@pytest.fixture
def client() -> APIClient:
    """An anonymous API client."""
    return APIClient()


@pytest.fixture
def admin_client() -> Client:
    """A superuser, registered before every other user, in the admin panel."""
    return panel_client(create_superuser(username="Boss", registered_at=LONG_AGO))


@pytest.fixture
def service_client() -> APIClient:
    """A program of the host with every scope."""
    return a_service()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A stopped clock; `clock.shift(60)` moves it by 60 seconds."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def unlimited(settings: Settings) -> None:
    """Remove every limit, for tests that repeat a request many times."""
    for name, no_limit in every_limit("").items():
        setattr(settings, name, no_limit)
