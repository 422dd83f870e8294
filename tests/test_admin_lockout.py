"""Guessing staff passwords locks the guessing IP and does not affect others."""

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.support import factories
from tests.support.concurrency import run_concurrently
from tests.support.panel import panel_client
from users.models import AuditRecord

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
ADMIN_PHONE = "+79990000000"
ATTACKER_IP, OFFICE_IP = "198.51.100.7", "203.0.113.9"
FAILED_SIGN_INS = "/admin/axes/accessattempt/"


@pytest.fixture(autouse=True)
def superuser() -> None:
    factories.create_superuser(phone_number=ADMIN_PHONE, password=PASSWORD)


def attempt(password: str, *, number: str = ADMIN_PHONE, client_ip: str = ATTACKER_IP, browser: str = "Firefox") -> int:
    """Submit the sign-in form and return the status."""
    form = {"username": number, "password": password}
    client = Client(REMOTE_ADDR=client_ip, HTTP_USER_AGENT=browser)
    return client.post("/admin/login/", form, HTTP_ACCEPT_LANGUAGE="en").status_code


def test_right_password_is_refused_after_5_wrong_ones() -> None:
    assert [attempt(f"wrong {n}") for n in range(5)] == [200, 200, 200, 200, 429]

    assert attempt(PASSWORD) == 429


def test_lock_does_not_affect_other_ips() -> None:
    for n in range(30):
        attempt(f"wrong {n}")

    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 302


def test_spellings_and_browsers_share_one_limit() -> None:
    spellings = ["+79990000000", "8 999 000-00-00", "+7 (999) 000 00 00", "89990000000", "8(999)0000000"]

    statuses = [attempt("wrong", number=number, browser=number) for number in spellings]

    assert statuses == [200, 200, 200, 200, 429]


def test_guessing_many_numbers_locks_the_ip() -> None:
    statuses = [attempt("wrong", number=f"+7999000{n:04}") for n in range(1, 22)]

    assert statuses == [*[200] * 19, 429, 429]
    assert attempt(PASSWORD) == 429
    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 302


def test_successful_sign_in_does_not_reset_failures_of_other_users() -> None:
    factories.create_staff(phone_number="+79990000001", password=PASSWORD)

    statuses = []
    for _ in range(3):
        statuses += [attempt(f"wrong {n}") for n in range(2)]
        assert attempt(PASSWORD, number="+79990000001") in (302, 429)

    assert statuses == [200, 200, 200, 200, 429, 429]


def test_successful_sign_in_resets_own_failures() -> None:
    for _ in range(3):
        assert [attempt("wrong") for _ in range(4)] == [200] * 4
        assert attempt(PASSWORD) == 302


def test_lock_expires_and_is_not_extended_by_attempts(settings: Settings) -> None:
    for n in range(5):
        attempt(f"wrong {n}")
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME / 2)
    assert attempt("wrong again") == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME)

    assert attempt(PASSWORD) == 302


@pytest.mark.parametrize(("language", "result"), [("en", "Too many wrong passwords"), ("ru", "Слишком много")])
def test_lock_page_shows_the_wait_and_reveals_no_account(language: str, result: str) -> None:
    pages = []
    for number in (ADMIN_PHONE, "+79998887766"):
        client = Client(REMOTE_ADDR=ATTACKER_IP)
        for _ in range(5):
            form = {"username": number, "password": "wrong"}
            answer = client.post("/admin/login/", form, HTTP_ACCEPT_LANGUAGE=language)
        pages.append(answer)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1800"

    known, unknown = (page.content.decode() for page in pages)
    assert result in known
    assert "30" in known
    assert known == unknown


@pytest.mark.django_db(transaction=True)
def test_concurrent_guesses_respect_the_limit() -> None:
    statuses = run_concurrently(*[lambda n=n: attempt(f"wrong {n}") for n in range(20)])

    assert sorted(statuses) == [*[200] * 4, *[429] * 16]
    # Refused requests are not recorded: this counts the passwords checked.
    assert AccessAttempt.objects.get().failures_since_start == 5


# One number, all addresses together


def addresses(count: int) -> list[str]:
    return [f"2001:db8:{n:x}::1" for n in range(count)]


def test_many_addresses_together_get_no_further_than_the_limit_of_the_number() -> None:
    statuses = [attempt("wrong", client_ip=address) for address in addresses(200)]

    assert statuses == [200] * 20 + [429] * 180
    assert attempt(PASSWORD, client_ip="2001:db8:ffff::1") == 429


def test_the_limit_of_a_number_does_not_shut_out_a_known_address() -> None:
    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 302
    for address in addresses(30):
        attempt("wrong", client_ip=address)

    assert attempt(PASSWORD, client_ip="192.0.2.1") == 429
    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 302


def test_an_address_of_a_colleague_or_of_long_ago_is_not_known(settings: Settings) -> None:
    factories.create_staff(phone_number="+79990000001", password=PASSWORD)
    assert attempt(PASSWORD, number="+79990000001", client_ip="192.0.2.1") == 302
    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 302
    AuditRecord.objects.filter(actor__phone_number=ADMIN_PHONE).update(
        at=timezone.now() - timezone.timedelta(days=settings.KNOWN_ADDRESS_DAYS + 1)
    )
    for address in addresses(30):
        attempt("wrong", client_ip=address)

    assert [attempt(PASSWORD, client_ip=address) for address in ("192.0.2.1", OFFICE_IP)] == [429, 429]


def test_the_limit_of_a_number_is_the_same_for_unknown_numbers() -> None:
    pages = []
    for number in (ADMIN_PHONE, "+79998887766"):
        for address in addresses(20):
            attempt("wrong", number=number, client_ip=address)
        client = Client(REMOTE_ADDR=OFFICE_IP)
        pages.append(client.post("/admin/login/", {"username": number, "password": "wrong"}))

    assert [page.status_code for page in pages] == [429, 429]
    assert pages[0].content == pages[1].content
    assert 3_500 < int(pages[0]["Retry-After"]) <= 3_600


def test_right_passwords_do_not_count_towards_the_limit_of_the_number() -> None:
    assert {attempt(PASSWORD, client_ip=address) for address in addresses(30)} == {302}


def test_a_colleague_unlocks_a_number() -> None:
    for address in addresses(20):
        attempt("wrong", client_ip=address)
    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 429
    rows = [*AccessAttempt.objects.values_list("pk", flat=True)]
    boss = panel_client(factories.create_superuser())

    boss.post(FAILED_SIGN_INS, {"action": "delete_selected", "_selected_action": rows, "post": "yes"})

    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 302


@pytest.mark.django_db(transaction=True)
def test_concurrent_guesses_from_many_addresses_respect_the_limit(settings: Settings) -> None:
    settings.LIMIT_WRONG_PASSWORDS_PER_NUMBER = "5/hour"

    statuses = run_concurrently(
        *[lambda address=address: attempt("wrong", client_ip=address) for address in addresses(12)]
    )

    assert sorted(statuses) == [200] * 5 + [429] * 7


# Locks in the panel


def test_staff_with_permission_see_and_remove_locks() -> None:
    for n in range(5):
        attempt(f"wrong {n}", client_ip=OFFICE_IP)
    colleague = factories.create_staff()
    client = panel_client(colleague)
    assert client.get(FAILED_SIGN_INS).status_code == 403
    colleague.user_permissions.set(Permission.objects.filter(content_type__app_label="axes"))

    page = client.get(f"{FAILED_SIGN_INS}?q=8 999 000-00-00").content.decode()
    assert OFFICE_IP in page
    assert client.get(f"{FAILED_SIGN_INS}{AccessAttempt.objects.get().pk}/change/").status_code == 200
    reset = {"action": "delete_selected", "_selected_action": [AccessAttempt.objects.get().pk], "post": "yes"}
    client.post(FAILED_SIGN_INS, reset)

    assert attempt(PASSWORD, client_ip=OFFICE_IP) == 302


@pytest.mark.parametrize(
    ("search", "found"), [(ATTACKER_IP, True), (ADMIN_PHONE, True), (OFFICE_IP, False), ("x", False)]
)
def test_failed_sign_ins_are_found_by_number_and_ip(search: str, found: bool) -> None:
    attempt("wrong")

    page = panel_client(factories.create_superuser()).get(FAILED_SIGN_INS, {"q": search}).content.decode()

    assert (f"{ATTACKER_IP}</" in page or f">{ATTACKER_IP}" in page) == found


def test_failures_store_no_passwords_or_cookies() -> None:
    attempt("a secret that was mistyped")

    kept = str([*AccessAttempt.objects.values()])

    assert "mistyped" not in kept
    assert kept.count(ADMIN_PHONE) == 1
