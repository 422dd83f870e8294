"""Unsafe settings fail `manage.py check --deploy`, which the containers run at start."""

import configparser
import re
import subprocess

import pytest
from django.conf import settings

from common import es256
from infra.check import EXAMPLE, REQUIRED, check_that_the_example_matches_the_settings
from referral_project.settings import BASE_DIR
from tests.support.manage import manage

SAFE = {
    "DEBUG": "False",
    "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
    "JWT_SIGNING_KEYS": es256.generate(),
    "PUBLIC_URL": "https://referral.example",
    "SMS_URL": "json://gateway.example/send?:phone={phone}",
}


def check(**environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run the check as a container does; None unsets a variable."""
    asked = {name: value for name, value in {**SAFE, **environment}.items() if value is not None}
    return manage("check", "--deploy", "--fail-level", "WARNING", **asked)


def test_documented_settings_pass_without_warnings() -> None:
    outcome = check()

    assert outcome.returncode == 0, outcome.stderr
    assert "no issues" in outcome.stdout


@pytest.mark.parametrize(
    ("setting", "value", "result"),
    [
        ("SECRET_KEY", None, "Set the SECRET_KEY environment variable"),
        ("SECRET_KEY", "", "SECRET_KEY"),
        ("JWT_SIGNING_KEYS", None, "users.E009"),
        ("JWT_SIGNING_KEYS", "nonsense", "is not a private key on the curve P-256"),
        ("JWT_FORMER_REFRESH_UNTIL", "soon", "JWT_FORMER_REFRESH_UNTIL is a date"),
        ("PUBLIC_URL", None, "Set the PUBLIC_URL environment variable"),
        ("PUBLIC_URL", "referral.example", "such as https://referral.example"),
        ("PUBLIC_URL", "https://referral.example/app", "such as https://referral.example"),
        ("PUBLIC_URL", "https://shop:secret@referral.example", "such as https://referral.example"),
        ("PUBLIC_URL", "http://referral.example", "users.E007"),
        ("ALLOWED_HOSTS", "www.referral.example", "users.E008"),
        ("CONFIRMATION_CODE_EXPOSED", "True", "users.E001"),
        ("SMS_URL", None, "users.E002"),
        ("SMS_URL", "console:", "users.E002"),
        ("SMS_URL", "json://gateway.example/send", "users.E003"),
        ("SMS_URL", "json://one.example/?:phone={phone} console:", "users.E002"),
        ("SMS_URL", "json://one.example/?:phone={phone} json://two.example/", "json-2 in SMS_URL does not say where"),
        ("SMS_URL", "nonsense://{phone}", "users.E005"),
        ("SMS_URL", " ", "users.E004"),
        ("WEBHOOKS_ALLOW_PRIVATE", "True", "users.E010"),
        ("BROKER_VISIBILITY_TIMEOUT_SECONDS", "600", "users.W006"),
    ],
)
def test_unsafe_settings_fail_the_check(setting: str, value: str | None, result: str) -> None:
    outcome = check(**{setting: value})

    assert outcome.returncode != 0
    assert result in outcome.stderr


def test_the_example_of_an_environment_lists_what_is_read_and_nothing_else() -> None:
    check_that_the_example_matches_the_settings()


def test_the_example_of_an_environment_asks_for_what_has_no_default() -> None:
    to_fill_in = set(re.findall(r"^([A-Z_]+)=$", EXAMPLE, flags=re.MULTILINE))

    # With these set and no others, the service starts: see the first test.
    assert SAFE.keys() - {"DEBUG"} <= to_fill_in
    assert to_fill_in - {"HTTPS_PORT"} == REQUIRED.keys()


def test_several_gateways_pass_and_passwords_are_not_printed() -> None:
    good = check(SMS_URL="smsc://shop:s3cret@{phone} json://gateway.example/?:phone={phone}")
    bad = check(SMS_URL="smsc://shop:s3cret@{phone} twilio://s3cret@{phone}")

    assert good.returncode == 0, good.stderr
    assert "twilio in SMS_URL is not an address" in bad.stderr
    assert "s3cret" not in bad.stdout + bad.stderr


def test_development_needs_no_settings() -> None:
    outcome = manage("check")

    assert outcome.returncode == 0, outcome.stderr


def test_pgbouncer_queue_timeout_is_below_the_service_timeout() -> None:
    pgbouncer = configparser.ConfigParser(comment_prefixes=";")
    pgbouncer.read(BASE_DIR / "infra/pgbouncer.ini")

    # PgBouncer checks for waiting clients three times a second.
    assert pgbouncer.getfloat("pgbouncer", "query_wait_timeout") + 0.5 < settings.DATABASE_CONNECT_TIMEOUT_SECONDS
