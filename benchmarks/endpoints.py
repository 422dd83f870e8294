"""What is measured: the requests of each endpoint, each to succeed; for POST and PATCH with fresh state behind it.

A request is a line of `load.lua`: method, path, token and body, with tabs between.
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
#: More than can be done in a second.
MOST_PER_SECOND = 3_000
_new_numbers = itertools.count()


@dataclass(frozen=True)
class Town:
    """The people that there are, in the stack that serves them."""

    stack: Stack
    people: int

    def some(self, count: int, remainders: tuple[int, ...] = (0, 1, 2, 3)) -> list[int]:
        """So many ids, or as many as there are, from everywhere; of which kind, the remainder says (`population`)."""
        per_kind = max(1, count // len(remainders))
        step = max(1, self.people // 4 // per_kind)
        fours = range(step - 1, self.people // 4, step)
        return [4 * four + remainder for four in fours for remainder in remainders if four or remainder]


@dataclass(frozen=True)
class Endpoint:
    name: str
    prepare: Callable[[Town, int], Iterator[str]]
    #: Whether a request succeeds, in this way, but once.
    once: bool = False


def _line(method: str, path: str, *, person: int | None = None, body: object = None) -> str:
    token = token_of(person) if person else ""
    return "\t".join((method, path, token, json.dumps(body) if body else ""))


def registration(_town: Town, count: int) -> Iterator[str]:
    """Numbers that nobody asked a code for, in no order."""
    for nth in itertools.islice(_new_numbers, count):
        number = 9_200_000_000 + nth * 7_368_787 % 70_000_000
        yield _line("POST", "/api/registration/", body={"phone_number": f"+7{number}"})


def login(town: Town, count: int) -> Iterator[str]:
    """Codes that wait, digests made as `users.verification` makes them."""
    people = town.some(count)
    waiting = io.StringIO()
    key = hashlib.sha256(b"users.verification" + town.stack.environment["SECRET_KEY"].encode()).digest()
    for person in people:
        token = uuid.uuid4()
        digest = hmac.new(key, f"{phone_of(person)}:{token}:{CODE}".encode(), "sha256").hexdigest()
        waiting.write(f"{phone_of(person)}\t{token}\t{digest}\n")
    waiting.seek(0)
    with town.stack.database.cursor() as cursor:
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


def profile(town: Town, count: int) -> Iterator[str]:
    """People who invited ten."""
    for person in _inviters_of_ten(town, count):
        yield _line("GET", "/api/profile/", person=person)


def referrals(town: Town, count: int) -> Iterator[str]:
    for person in _inviters_of_ten(town, count):
        yield _line("GET", "/api/profile/referrals/", person=person)


def activation(town: Town, count: int) -> Iterator[str]:
    """Newcomers enter the codes of inviters of ten; what the run before has changed is undone."""
    inviters = _inviters_of_ten(town, count)
    yield from _activations(town, count, inviters)


def activation_of_one_code(inviter: int) -> Callable[[Town, int], Iterator[str]]:
    """Newcomers enter one code all at once, and wait for each other: its owner's row counts them."""
    return lambda town, count: _activations(town, count, [inviter])


def referral_code(town: Town, count: int) -> Iterator[str]:
    for person in town.some(count):
        yield _line("GET", f"/api/referral-codes/{referral_code_of(person)}/")


def users(town: Town, _count: int) -> Iterator[str]:
    """A page of fifty, newest first."""
    yield _line("GET", "/api/users/", person=town.people // 10_000 * 10_000)


def statistics(town: Town, _count: int) -> Iterator[str]:
    """The last thirty days."""
    yield _line("GET", "/api/statistics/", person=town.people // 10_000 * 10_000)


def of_one_person(path: str, person: int) -> Callable[[Town, int], Iterator[str]]:
    return lambda _town, _count: iter([_line("GET", path, person=person)])


def _inviters_of_ten(town: Town, count: int) -> range:
    inviters = population.inviters_of_ten(town.people)
    return inviters[:: max(1, len(inviters) // count)]


def _activations(town: Town, count: int, inviters: Sequence[int]) -> Iterator[str]:
    newcomers = town.some(count, (2, 3))
    town.stack.execute(
        """
        WITH undone AS (DELETE FROM users_referral WHERE invited_id = ANY(%s) RETURNING inviter_id),
             counted AS (SELECT inviter_id, count(*) AS n FROM undone GROUP BY inviter_id)
        UPDATE users_user SET referrals_count = referrals_count - n FROM counted WHERE id = inviter_id
        """,
        [newcomers],
    )
    for nth, person in enumerate(newcomers):
        body = {"used_referral_code": referral_code_of(inviters[nth % len(inviters)])}
        yield _line("PATCH", "/api/profile/", person=person, body=body)


ENDPOINTS = (
    Endpoint("registration", registration, once=True),
    Endpoint("login", login, once=True),
    Endpoint("profile", profile),
    Endpoint("referrals", referrals),
    Endpoint("activation", activation, once=True),
    Endpoint("referral code", referral_code),
    Endpoint("users (staff)", users),
    Endpoint("statistics (staff)", statistics),
)
#: For the growth with the number of referrals of one person.
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
