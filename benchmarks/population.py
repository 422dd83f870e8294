"""Create millions of users by SQL, with referrals, codes, tokens and messages.

Every fourth user was invited: a tenth of all users by user 1, a thousandth by user 5, the others in tens by the
`inviters_of_ten`. Every ten-thousandth is staff. They registered over the last three years, each with one code.
"""

from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

#: The key of the one service.
SERVICE_KEY = f"rsk_bench000_{'0' * 43}"
#: The token of a user: the id as 64 hexadecimal digits.
TOKEN = "lpad(to_hex(n), 64, '0')"
INVITER_OF_MANY, INVITER_OF_SOME, INVITER_OF_TEN = 1, 5, 9
TABLES = (
    "users_user", "users_referral", "users_confirmationcode", "users_signinattempt", "users_delivery", "knox_authtoken"
)  # fmt: skip
STEPS = {
    "people": """
        INSERT INTO users_user (id, password, is_superuser, phone_number, username, search_name, referral_code,
                                referrals_count, session_epoch, is_active, is_staff, registered_at, updated_at)
        SELECT n, '!', n %% 10000 = 0, '+7' || (9000000000 + n), name, lower(name),
               translate(lpad(n::text, 8, '0'), '0123456789', 'CDFHJKMNPQ'), 0, 0, true, n %% 10000 = 0, at, at
        FROM generate_series(1, %(people)s) AS n,
             LATERAL (SELECT (ARRAY['Anna', 'Boris', 'Clara', 'Глеб', ''])[n %% 5 + 1] AS name,
                             now() - (%(people)s - n) * (interval '3 years' / %(people)s) AS at) AS drawn""",
    "referrals": """
        INSERT INTO users_referral (invited_id, inviter_id, referral_code, activated_at)
        SELECT invited.id, inviter.id, inviter.referral_code, invited.registered_at
        FROM users_user invited JOIN users_user inviter ON inviter.id = CASE
            WHEN invited.id <= 4 * (%(people)s / 10) THEN 1
            WHEN invited.id <= 4 * (%(people)s / 10 + %(people)s / 1000) THEN 5
            ELSE 9 + 64 * ((invited.id / 4 - %(people)s / 10 - %(people)s / 1000 - 1) / 10) END
        WHERE invited.id %% 4 = 0""",
    "counts of referrals": """
        UPDATE users_user SET referrals_count = counted.n
        FROM (SELECT inviter_id, count(*) AS n FROM users_referral GROUP BY inviter_id) AS counted
        WHERE users_user.id = counted.inviter_id""",
    "codes": """
        INSERT INTO users_confirmationcode (phone_number, username, digest, verification_token, issued_at, expires_at,
                                            resend_at, wrong_tries, used_at)
        SELECT phone_number, '', repeat('0', 64), lpad(to_hex(id), 32, '0')::uuid, registered_at, registered_at,
               registered_at, 0, registered_at
        FROM users_user""",
    "sign-in attempts": """
        INSERT INTO users_signinattempt (phone_number, address, at, succeeded)
        SELECT phone_number, repeat('0', 16), registered_at, true FROM users_user""",
    "messages": """
        INSERT INTO users_delivery (phone_number, verification_token, created_at, expires_at, state, channel,
                                    failed_channels, last_failure, attempts, finished_at)
        SELECT phone_number, lpad(to_hex(id), 32, '0')::uuid, registered_at, registered_at, 'delivered', 'json', '',
               '', 1, registered_at
        FROM users_user""",
    "tokens": f"""
        INSERT INTO knox_authtoken (digest, token_key, user_id, created, expiry)
        SELECT encode(sha512({TOKEN}::bytea), 'hex') AS digest, left({TOKEN}, 15), n, now(), now() + interval '30 days'
        FROM generate_series(1, %(people)s) AS n ORDER BY digest""",
}
STEPS["service key"] = f"""
    WITH account AS (
        INSERT INTO users_serviceaccount (name, scopes, created_at, is_active)
        VALUES ('benchmark', '["people:read", "statistics:read"]', now(), true) RETURNING id
    )
    INSERT INTO users_servicekey (account_id, prefix, digest, created_at, expires_at, networks, last_used_at)
    SELECT id, left('{SERVICE_KEY}', 12), encode(sha256('{SERVICE_KEY}'), 'hex'), now(), now() + interval '1 day', '[]',
           now() FROM account
"""


def inviters_of_ten(people: int) -> range:
    return range(INVITER_OF_TEN, INVITER_OF_TEN + 64 * ((people // 4 - people // 10 - people // 1000) // 10), 64)


def token_of(person: int) -> str:
    return f"{person:064x}"


def phone_of(person: int) -> str:
    return f"+7{9_000_000_000 + person}"


def referral_code_of(person: int) -> str:
    return f"{person:08}".translate(str.maketrans("0123456789", "CDFHJKMNPQ"))


def fill(cursor: Any, people: int) -> None:
    """Truncate and fill the tables. Needs a superuser and autocommit.

    Uses one transaction: with wal_level=minimal, rows of a table truncated in the same transaction are not logged.
    """
    cursor.execute("SET session_replication_role = replica")  # skip foreign key checks
    cursor.execute("SET maintenance_work_mem = '1GB'")
    cursor.execute("SET work_mem = '256MB'")
    cursor.execute("BEGIN")
    cursor.execute(f"TRUNCATE {', '.join(TABLES)}, users_runningtotals RESTART IDENTITY CASCADE")
    indexes = _drop_indexes(cursor)
    steps = [*STEPS.items(), *((f"index {name}", definition) for name, definition in indexes)]
    steps += [("commit", "COMMIT"), ("statistics of the planner", "VACUUM (ANALYZE)")]
    for name, statement in (bar := tqdm(steps, leave=False, disable=None)):
        bar.set_description(f"{people:,} users: {name}")
        cursor.execute(statement, {"people": people} if name in STEPS else None)
    cursor.execute("SELECT setval(pg_get_serial_sequence('users_user', 'id'), %s)", [people])


def _drop_indexes(cursor: Any) -> Sequence[tuple[str, str]]:
    """Drop the indexes that are faster to build afterwards: all except those of constraints."""
    cursor.execute(
        """
        SELECT indexname, indexdef FROM pg_indexes
        WHERE tablename = ANY(%s)
          AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = (schemaname || '.' || indexname)::regclass)
        """,
        [list(TABLES)],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    return indexes
