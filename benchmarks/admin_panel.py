"""Time the pages of the admin panel with a million users: `python -m benchmarks.admin_panel [USERS]`.

Fills a temporary PostgreSQL by SQL: almost three years of registrations, half of the users invited, most of these by
one user; one sign-in and 1.2 codes per user. Requests each page TRIES times and prints the best time and the number
of queries. Exits with the number of statistics and dashboard pages that took more than MAX_MILLISECONDS.
"""

import os
import sys
import time
from http import HTTPStatus
from zoneinfo import ZoneInfo

import django
from django.core.management import call_command

from tests.support.servers import postgres

FILL = """
INSERT INTO users_user (password, is_superuser, phone_number, username, search_name, referral_code, referrals_count,
                        session_epoch, is_active, is_staff, registered_at, updated_at)
SELECT '!', false, '+7' || (9000000000 + n), name, lower(name),
       translate(lpad(n::text, 8, '0'), '0123456789', 'CDFHJKMNPQ'), 0, 0, n %% 100 > 0, n %% 10000 = 0, at, at
FROM generate_series(1, %(people)s) AS n,
     LATERAL (SELECT (ARRAY['Anna', 'Boris', 'Clara', 'Глеб', ''])[n %% 5 + 1] || n %% 1000 AS name,
                     now() - (%(people)s - n) * interval '90 seconds' AS at) AS drawn;

INSERT INTO users_referral (invited_id, inviter_id, referral_code, activated_at)
SELECT invited.id, inviter.id, inviter.referral_code, invited.registered_at
FROM users_user invited
JOIN users_user inviter ON inviter.phone_number =
     '+7' || (9000000000 + CASE WHEN invited.id %% 5 < 3 THEN 1 ELSE 2 + invited.id %% 1000 END)
WHERE invited.id %% 2 = 0 AND invited.id <> inviter.id;

UPDATE users_user SET referrals_count = counted.n
FROM (SELECT inviter_id, count(*) AS n FROM users_referral GROUP BY inviter_id) AS counted
WHERE users_user.id = counted.inviter_id;

INSERT INTO users_confirmationcode (phone_number, username, digest, verification_token, issued_at, expires_at,
                                    resend_at, wrong_tries)
SELECT phone_number, '', repeat('0', 64), gen_random_uuid(), registered_at, registered_at, registered_at, 0
FROM users_user;

INSERT INTO users_signinattempt (phone_number, address, at, succeeded)
SELECT phone_number, repeat('0', 16), registered_at, true FROM users_user;

INSERT INTO users_delivery (phone_number, verification_token, created_at, expires_at, state, channel, failed_channels,
                            last_failure, attempts, finished_at)
SELECT phone_number, gen_random_uuid(), registered_at, registered_at + interval '5 minutes',
       CASE WHEN id %% 50 = 0 THEN 'failed' ELSE 'delivered' END, 'sms', '', '', 1, registered_at
FROM users_user JOIN generate_series(1, 2) AS nth ON nth = 1 OR id %% 5 = 0;
"""
MAX_MILLISECONDS = 300
TRIES = 3


def main(people: int) -> int:
    with postgres() as url:
        os.environ |= {
            "DATABASE_URL": url,
            "DATABASE_STATEMENT_TIMEOUT_SECONDS": "0",  # filling takes minutes
            "DJANGO_SETTINGS_MODULE": "referral_project.settings",
            "LOG_LEVEL": "ERROR",
        }
        django.setup()
        call_command("migrate", verbosity=0)
        fill(people)
        roll_up()
        return measure()


def fill(people: int) -> None:
    from django.db import connection

    start = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in FILL.strip().split(";\n"):
            cursor.execute(statement, {"people": people})
        cursor.execute("VACUUM ANALYZE")
    print(f"{people:,} users in {time.perf_counter() - start:.0f} s\n")


def roll_up() -> None:
    from users.models import RunningTotals
    from users.statistics import totals

    start = time.perf_counter()
    totals.roll_up()
    first = time.perf_counter()
    totals.roll_up()
    again = time.perf_counter()
    rows = RunningTotals.objects.count()
    print(f"rolled up into {rows:,} rows in {first - start:.0f} s, again in {(again - first) * 1000:.0f} ms\n")


def measure() -> int:
    """Print the times of all pages; return how many of the limited ones were too slow."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.support.factories import service_key
    from users.models import Referral, User
    from users.statistics.report import first_day

    too_slow = 0
    top_inviter = User.objects.order_by("-referrals_count")[0]
    superuser = User.objects.create_superuser("+79990000000")
    staff = Client(headers={"Host": "localhost"})
    staff.force_login(superuser)
    key = service_key()
    first = first_day(time_zone=ZoneInfo("Asia/Kathmandu"))
    limited = (
        *(f"/admin/?period={period}" for period in ("7", "30", "90", "365", "all")),
        "/api/statistics/",
        f"/api/statistics/?from={first}&time_zone=Asia/Kathmandu",
        f"/api/statistics/?from={first}&step=week",
        f"/api/statistics/?from={first}&step=month&time_zone=Europe/Moscow",
    )
    person = f"/admin/users/user/{top_inviter.pk}/"
    print(f"{'ms':>6} {'queries':>7}  page; user {top_inviter.pk} invited {top_inviter.referrals_count:,} users")
    for path in (
        *limited,
        "/admin/users/user/",
        "/admin/users/user/?p=150",
        "/admin/users/user/?o=1",
        "/admin/users/user/?q=%2B79001",
        "/admin/users/user/?q=89000000001",
        "/admin/users/user/?q=4567",
        "/admin/users/user/?q=0000",
        f"/admin/users/user/?q={top_inviter.referral_code}",
        "/admin/users/user/?q=anna",
        "/admin/users/user/?q=nobody",
        "/admin/users/user/?is_staff__exact=1",
        "/admin/users/user/?is_active__exact=0",
        f"{person}change/",
        f"{person}delete/",
        f"/admin/users/auditrecord/?person={top_inviter.pk}",
        "/admin/users/referral/",
        f"/admin/users/referral/?inviter={top_inviter.pk}",
        "/admin/users/referral/?q=89000000001",
        f"/admin/users/referral/{Referral.objects.order_by('-pk')[0].pk}/change/",
        "/admin/users/confirmationcode/",
        "/admin/users/confirmationcode/?q=89000000001",
        "/admin/users/delivery/",
        "/admin/users/signinattempt/",
    ):
        times = []
        for _ in range(TRIES):
            with CaptureQueriesContext(connection) as queries:
                start = time.perf_counter()
                answer = staff.get(path, headers={"Authorization": f"Key {key}"})
                times.append(time.perf_counter() - start)
            assert answer.status_code == HTTPStatus.OK, path
        print(f"{min(times) * 1000:6.0f} {len(queries):7}  {path}", flush=True)
        too_slow += path in limited and min(times) * 1000 > MAX_MILLISECONDS
    return too_slow


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
