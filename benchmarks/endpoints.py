"""The requests of each measured endpoint. All have to succeed; POST and PATCH get fresh state.

A request is a line for `load.lua`: method, path, token and body, separated by tabs.
"""

import hashlib
import hmac
import io
import itertools
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import population
from benchmarks.population import phone_of, referral_code_of, token_of
from benchmarks.stack import Stack

CODE = "0427"
#: More requests than one second of load can use.
MAX_PER_SECOND = 3_000
_new_numbers = itertools.count()


@dataclass(frozen=True)
class Target:
    """The stack and the number of users in its database."""

    stack: Stack
    people: int

    def some(self, count: int, remainders: tuple[int, ...] = (0, 1, 2, 3)) -> list[int]:
        """Return at most `count` ids spread over all users; the remainder modulo 4 selects the kind (`population`)."""
        per_kind = max(1, count // len(remainders))
        step = max(1, self.people // 4 // per_kind)
        fours = range(step - 1, self.people // 4, step)
        return [4 * four + remainder for four in fours for remainder in remainders if four or remainder]


@dataclass(frozen=True)
class Endpoint:
    name: str
    prepare: Callable[[Target, int], Iterator[str]]
    #: True if a request succeeds only once.
    once: bool = False


def _line(method: str, path: str, *, person: int | None = None, credentials: str = "", body: object = None) -> str:
    credentials = f"Token {token_of(person)}" if person else credentials
    return "\t".join((method, path, credentials, json.dumps(body) if body else ""))


def registration(_target: Target, count: int) -> Iterator[str]:
    """Unused numbers in random order."""
    for nth in itertools.islice(_new_numbers, count):
        number = 9_200_000_000 + nth * 7_368_787 % 70_000_000
        yield _line("POST", "/api/registration/", body={"phone_number": f"+7{number}"})


def login(target: Target, count: int) -> Iterator[str]:
    """Valid codes with digests as `users.verification` makes them."""
    people = target.some(count)
    waiting = io.StringIO()
    key = hashlib.sha256(b"users.verification" + target.stack.environment["SECRET_KEY"].encode()).digest()
    for person in people:
        token = uuid.uuid4()
        digest = hmac.new(key, f"{phone_of(person)}:{token}:{CODE}".encode(), "sha256").hexdigest()
        waiting.write(f"{phone_of(person)}\t{token}\t{digest}\n")
    waiting.seek(0)
    with target.stack.database.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE waiting (phone_number text, verification_token uuid, digest text)")
        cursor.copy_from(waiting, "waiting")
        cursor.execute("ANALYZE waiting")
        cursor.execute(
            """
            UPDATE users_confirmationcode code
            SET digest = waiting.digest, verification_token = waiting.verification_token, issued_at = now(),
                expires_at = now() + interval '5 minutes', resend_at = now(), wrong_tries = 0, used_at = NULL
            FROM waiting WHERE waiting.phone_number = code.phone_number
            """
        )
        cursor.execute("DROP TABLE waiting")
    for person in people:
        body = {"phone_number": phone_of(person), "confirmation_code": CODE}
        yield _line("POST", "/api/login/", body=body)


def profile(target: Target, count: int) -> Iterator[str]:
    """Profiles of users who invited ten."""
    for person in _inviters_of_ten(target, count):
        yield _line("GET", "/api/profile/", person=person)


def referrals(target: Target, count: int) -> Iterator[str]:
    for person in _inviters_of_ten(target, count):
        yield _line("GET", "/api/profile/referrals/", person=person)


def activation(target: Target, count: int) -> Iterator[str]:
    """Uninvited users enter codes of inviters of ten; activations of the previous run are undone."""
    inviters = _inviters_of_ten(target, count)
    yield from _activations(target, count, inviters)


def activation_of_one_code(inviter: int) -> Callable[[Target, int], Iterator[str]]:
    """Uninvited users enter one code concurrently and wait for the row lock of its owner's counter."""
    return lambda target, count: _activations(target, count, [inviter])


def referral_code(target: Target, count: int) -> Iterator[str]:
    for person in target.some(count):
        yield _line("GET", f"/api/referral-codes/{referral_code_of(person)}/")


def users(_target: Target, _count: int) -> Iterator[str]:
    """One page of 50 users, newest first."""
    yield _line("GET", "/api/users/", credentials=f"Key {population.SERVICE_KEY}")


def statistics(_target: Target, _count: int) -> Iterator[str]:
    """The last thirty days."""
    yield _line("GET", "/api/statistics/", credentials=f"Key {population.SERVICE_KEY}")


def of_one_person(path: str, person: int) -> Callable[[Target, int], Iterator[str]]:
    return lambda _target, _count: iter([_line("GET", path, person=person)])


def _inviters_of_ten(target: Target, count: int) -> range:
    inviters = population.inviters_of_ten(target.people)
    return inviters[:: max(1, len(inviters) // count)]


def _activations(target: Target, count: int, inviters: Sequence[int]) -> Iterator[str]:
    uninvited = target.some(count, (2, 3))
    target.stack.execute(
        """
        WITH undone AS (DELETE FROM users_referral WHERE invited_id = ANY(%s) RETURNING inviter_id),
             counted AS (SELECT inviter_id, count(*) AS n FROM undone GROUP BY inviter_id)
        UPDATE users_user SET referrals_count = referrals_count - n FROM counted WHERE id = inviter_id
        """,
        [uninvited],
    )
    for nth, person in enumerate(uninvited):
        body = {"used_referral_code": referral_code_of(inviters[nth % len(inviters)])}
        yield _line("PATCH", "/api/profile/", person=person, body=body)


ENDPOINTS = (
    Endpoint("registration", registration, once=True),
    Endpoint("login", login, once=True),
    Endpoint("profile", profile),
    Endpoint("referrals", referrals),
    Endpoint("activation", activation, once=True),
    Endpoint("referral code", referral_code),
    Endpoint("users (services)", users),
    Endpoint("statistics (services)", statistics),
)
#: Growth with the number of referrals of one user.
INVITERS = (
    Endpoint("profile of one with 10", of_one_person("/api/profile/", population.INVITER_OF_TEN)),
    Endpoint("profile of one with a thousandth", of_one_person("/api/profile/", population.INVITER_OF_SOME)),
    Endpoint("profile of one with a tenth", of_one_person("/api/profile/", population.INVITER_OF_MANY)),
    Endpoint("referrals of one with 10", of_one_person("/api/profile/referrals/", population.INVITER_OF_TEN)),
    Endpoint(
        "referrals of one with a thousandth", of_one_person("/api/profile/referrals/", population.INVITER_OF_SOME)
    ),
    Endpoint("referrals of one with a tenth", of_one_person("/api/profile/referrals/", population.INVITER_OF_MANY)),
    Endpoint("activation of one code, with 10", activation_of_one_code(population.INVITER_OF_TEN), once=True),
    Endpoint("activation of one code, with a tenth", activation_of_one_code(population.INVITER_OF_MANY), once=True),
)
