"""Baseline: the same SQL with psycopg2 in a bare WSGI function, for `gunicorn benchmarks.bare:application`.

It does not validate input and has no limits, translations, error handling or log. Every endpoint runs the statements
of the service in the same transactions, with only the columns it needs. Registration encrypts its message and sets
the wake-up flag in Redis, in a state and under a key that the workers ignore.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
import redis
from cryptography.fernet import Fernet

CODES_KEY = hashlib.sha256(b"users.verification" + os.environ["SECRET_KEY"].encode()).digest()
SEAL = Fernet(urlsafe_b64encode(CODES_KEY))
#: A message state and a Redis key that the workers ignore.
STATE, FLAG = "bare", "bare"
STATISTICS = Path(os.environ["BARE_STATISTICS_SQL"])
_local = threading.local()
_redis = redis.Redis.from_url(os.environ["REDIS_URL"])
psycopg2.extras.register_uuid()

OWNER_OF_TOKEN = """
    SELECT u.id, u.phone_number, u.username, u.referral_code, u.referrals_count, u.registered_at, r.referral_code
    FROM knox_authtoken t JOIN users_user u ON u.id = t.user_id LEFT JOIN users_referral r ON r.invited_id = u.id
    WHERE t.digest = %s AND t.expiry > %s AND u.is_active"""
NEWEST = """
    SELECT u.phone_number FROM users_referral r JOIN users_user u ON u.id = r.invited_id
    WHERE r.inviter_id = %s ORDER BY r.activated_at DESC, r.id DESC LIMIT 100"""
HEAD_OF_CHAIN = """
    WITH RECURSIVE chain(id) AS (
        SELECT CAST(%s AS bigint)
        UNION
        SELECT inviter_id FROM users_referral JOIN chain ON invited_id = chain.id WHERE inviter_id IS NOT NULL
    )
    SELECT id FROM chain WHERE NOT EXISTS (
        SELECT 1 FROM users_referral WHERE invited_id = chain.id AND inviter_id IS NOT NULL
    )"""
HOLD = """
    SELECT CASE id WHEN %(one)s THEN pg_advisory_xact_lock(id) ELSE pg_advisory_xact_lock_shared(id) END
    FROM (SELECT DISTINCT unnest(%(all)s::bigint[]) AS id ORDER BY id) AS people"""


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status, answer = "200 OK", None
    with _cursor() as cursor:
        if path == "/api/registration/":
            status, answer = "202 Accepted", register(cursor, **json.loads(body))
        elif path == "/api/login/":
            answer = login(cursor, **json.loads(body))
        elif path.startswith("/api/referral-codes/"):
            answer = referral_code(cursor, path.split("/")[3])
        elif path in ("/api/users/", "/api/statistics/"):
            account = account_of_key(cursor, environ["HTTP_AUTHORIZATION"])
            answer = users(cursor, account) if path == "/api/users/" else statistics(cursor)
        else:
            person = owner_of_token(cursor, environ["HTTP_AUTHORIZATION"])
            if path == "/api/profile/" and environ["REQUEST_METHOD"] == "PATCH":
                activate(cursor, person[0], **json.loads(body))
            if path == "/api/profile/":
                answer = profile(cursor, person)
            elif path == "/api/profile/referrals/":
                answer = referrals(cursor, person[0])
    data = json.dumps(answer, default=str).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]


def register(cursor: Any, phone_number: str) -> dict[str, Any]:
    now, token = datetime.now(UTC), uuid.uuid4()
    code = f"{secrets.randbelow(10_000):04}"
    cursor.execute(
        "SELECT at, address FROM users_signinattempt WHERE at > %s AND phone_number = %s AND NOT succeeded ORDER BY 1",
        [now - timedelta(days=30), phone_number],
    )
    cursor.fetchall()
    values = [_digest(code, token, phone_number), token, now, now + timedelta(minutes=5), now + timedelta(minutes=1)]
    cursor.execute(
        """
        INSERT INTO users_confirmationcode AS kept (phone_number, username, digest, verification_token, issued_at,
                                                    expires_at, resend_at, wrong_tries, used_at)
        VALUES (%s, '', %s, %s, %s, %s, %s, 0, NULL)
        ON CONFLICT (phone_number) DO UPDATE SET
            username = excluded.username, digest = excluded.digest, verification_token = excluded.verification_token,
            issued_at = excluded.issued_at, expires_at = excluded.expires_at, resend_at = excluded.resend_at,
            wrong_tries = 0, used_at = NULL
        WHERE kept.resend_at <= excluded.issued_at
        """,
        [phone_number, *values],
    )
    assert cursor.rowcount == 1
    cursor.execute(
        """
        INSERT INTO users_delivery (phone_number, verification_token, created_at, expires_at, state, channel,
                                    failed_channels, last_failure, attempts, claimed_until, finished_at,
                                    sealed_text, request_id, queued_at)
        VALUES (%s, %s, %s, %s, %s, '', '', '', 0, NULL, NULL, %s, %s, NULL) RETURNING id
        """,
        [phone_number, token, now, now + timedelta(minutes=5), STATE, _sealed(code), uuid.uuid4().hex],
    )
    cursor.fetchone()
    _redis.set(FLAG, 1, nx=True, px=1_000)
    link = f"https://localhost/api/verify/{token}/"
    return {"phone_number": phone_number, "expires_at": values[3], "resend_at": values[4], "verify_url": link}


def login(cursor: Any, phone_number: str, confirmation_code: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    cursor.execute("BEGIN")
    cursor.execute(
        "SELECT id, digest, verification_token FROM users_confirmationcode WHERE phone_number = %s FOR UPDATE",
        [phone_number],
    )
    code, digest, verification_token = cursor.fetchone()
    cursor.execute(
        "SELECT at, address FROM users_signinattempt WHERE at > %s AND phone_number = %s AND NOT succeeded ORDER BY 1",
        [now - timedelta(days=30), phone_number],
    )
    cursor.fetchall()
    assert hmac.compare_digest(digest, _digest(confirmation_code, verification_token, phone_number))
    cursor.execute(
        "DELETE FROM users_signinattempt WHERE phone_number = %s AND NOT succeeded AND address = %s",
        [phone_number, "1" * 16],
    )
    cursor.execute(
        "INSERT INTO users_signinattempt (phone_number, address, at, succeeded) VALUES (%s, %s, %s, true) RETURNING id",
        [phone_number, "1" * 16, now],
    )
    cursor.execute("UPDATE users_confirmationcode SET resend_at = %s, used_at = %s WHERE id = %s", [now, now, code])
    cursor.execute(
        """UPDATE users_user SET last_login = %s WHERE phone_number = %s
        RETURNING id, phone_number, username, referral_code, referrals_count, registered_at,
            (SELECT referral_code FROM users_referral WHERE invited_id = users_user.id)""",
        [now, phone_number],
    )
    person = cursor.fetchone()
    cursor.execute("COMMIT")
    token = secrets.token_hex(32)
    expiry = now + timedelta(days=30)
    cursor.execute(
        "INSERT INTO knox_authtoken (digest, token_key, user_id, created, expiry) VALUES (%s, %s, %s, %s, %s)",
        [hashlib.sha512(token.encode()).hexdigest(), token[:15], person[0], now, expiry],
    )
    return {"token": token, "expires_at": expiry, "is_new_user": False, "profile": profile(cursor, person)}


def activate(cursor: Any, person: int, used_referral_code: str) -> None:
    cursor.execute("BEGIN")
    cursor.execute("SELECT id FROM users_user WHERE is_active AND referral_code = %s", [used_referral_code])
    (inviter,) = cursor.fetchone()
    cursor.execute(HEAD_OF_CHAIN, [inviter])
    (head,) = cursor.fetchone()
    cursor.execute(HOLD, {"one": person, "all": [person, inviter, head]})
    cursor.execute(HEAD_OF_CHAIN, [inviter])
    assert cursor.fetchone() == (head,)
    cursor.execute(
        """SELECT u.id, u.referral_code, r.referral_code FROM users_user u
        LEFT JOIN users_referral r ON r.invited_id = u.id WHERE u.id = %s""",
        [person],
    )
    assert cursor.fetchone()[2] is None
    cursor.execute(
        """INSERT INTO users_referral (invited_id, inviter_id, referral_code, activated_at)
        VALUES (%s, %s, %s, %s) RETURNING id""",
        [person, inviter, used_referral_code, datetime.now(UTC)],
    )
    cursor.execute("UPDATE users_user SET referrals_count = referrals_count + 1 WHERE is_active AND id = %s", [inviter])
    cursor.execute("COMMIT")


def owner_of_token(cursor: Any, authorization: str) -> Any:
    token = authorization.removeprefix("Token ")
    cursor.execute(OWNER_OF_TOKEN, [hashlib.sha512(token.encode()).hexdigest(), datetime.now(UTC)])
    return cursor.fetchone()


def account_of_key(cursor: Any, authorization: str) -> int:
    digest = hashlib.sha256(authorization.removeprefix("Key ").encode()).hexdigest()
    cursor.execute(
        """SELECT account.id, account.scopes FROM users_servicekey key
        JOIN users_serviceaccount account ON account.id = key.account_id
        WHERE key.digest = %s AND key.revoked_at IS NULL AND key.expires_at > %s AND account.is_active""",
        [digest, datetime.now(UTC)],
    )
    return int(cursor.fetchone()[0])


def profile(cursor: Any, person: Any) -> dict[str, Any]:
    pk, phone, username, code, count, registered_at, used = person
    cursor.execute(NEWEST, [pk])
    return {
        "phone_number": phone,
        "username": username,
        "referral_code": code,
        "referral_link": f"https://localhost/r/{code}/",
        "used_referral_code": used,
        "can_activate_until": None,
        "referrals_count": count,
        "referrals": [phone for (phone,) in cursor.fetchall()],
        "registered_at": registered_at.isoformat(),
    }


def referrals(cursor: Any, person: int) -> dict[str, Any]:
    cursor.execute(
        """SELECT u.phone_number, r.activated_at FROM users_referral r LEFT JOIN users_user u ON u.id = r.invited_id
        WHERE r.inviter_id = %s ORDER BY r.activated_at DESC, r.id DESC LIMIT 51""",
        [person],
    )
    rows = [{"phone_number": phone, "activated_at": at.isoformat()} for phone, at in cursor.fetchall()]
    return {"next": None, "previous": None, "results": rows[:50]}


def referral_code(cursor: Any, code: str) -> dict[str, Any]:
    cursor.execute("SELECT referral_code FROM users_user WHERE is_active AND referral_code = %s", [code])
    return {"referral_code": cursor.fetchone()[0]}


def users(cursor: Any, account: int) -> dict[str, Any]:
    cursor.execute(
        """SELECT u.id, u.phone_number, u.username, u.referral_code, r.referral_code AS used_referral_code,
            u.referrals_count, u.is_active, u.is_staff, u.registered_at, u.last_login
        FROM users_user u LEFT JOIN users_referral r ON r.invited_id = u.id
        ORDER BY u.registered_at DESC, u.id DESC LIMIT 51"""
    )
    names = [column.name for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()[:50]]
    cursor.execute(
        """INSERT INTO users_auditrecord (at, service_id, person_id, thing, action, details, address)
        VALUES (%s, %s, NULL, 'user', 'listed', %s, %s) RETURNING id""",
        [datetime.now(UTC), account, json.dumps({"ids": [row["id"] for row in rows]}), "1" * 16],
    )
    return {"next": None, "previous": None, "results": rows}


def statistics(cursor: Any) -> list[Any]:
    """Run the recorded statements of the service, with the times of the recording."""
    rows = []
    for statement in json.loads(STATISTICS.read_text()):
        cursor.execute(statement)
        rows.append(cursor.fetchall())
    return rows


def _digest(code: str, verification_token: uuid.UUID, phone_number: str) -> str:
    return hmac.new(CODES_KEY, f"{phone_number}:{verification_token}:{code}".encode(), "sha256").hexdigest()


def _sealed(code: str) -> str:
    return SEAL.encrypt(f"Your code is {code}. Tell it to nobody.".encode()).decode()


def _cursor() -> Any:
    """Return a cursor of the connection of this thread; autocommit outside of BEGIN."""
    if not hasattr(_local, "connection"):
        _local.connection = psycopg2.connect(os.environ["DATABASE_URL"])
        _local.connection.autocommit = True
    return _local.connection.cursor()
