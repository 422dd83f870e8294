"""Simulate attackers who guess confirmation codes, with the real code and a controlled clock.

`python -m benchmarks.attacker [RUNS]` prints the table of docs/security.md and verifies the computed probability with
RUNS simulated attacks on codes of two digits. Codes are generated, sent to the console gateway and compared as usual.
"""

import io
import itertools
import math
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import django
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from tqdm import tqdm

if __name__ == "__main__":
    folder = tempfile.TemporaryDirectory()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "referral_project.settings",
        "DATABASE_URL": f"sqlite:///{folder.name}/attacked.sqlite3",
        "CONFIRMATION_CODE_EXPOSED": "False",
        "CONSOLE_SMS_MIN_DELAY_SECONDS": "0",
        "CONSOLE_SMS_MAX_DELAY_SECONDS": "0",
        "LOG_LEVEL": "ERROR",
    }
    django.setup()

from users.models import Purpose
from users.refusals import ConfirmationCodeExhausted, ConfirmationCodeWrong, Refusal
from users.sign_in import redeeming, sending, tries
from users.sign_in.first_sign_in import SignIn
from users.sign_in.stored_codes import SIGN_IN, Binding
from users.sign_in.tries import Attempt

DAY = timedelta(days=1)


def _no_session(_signed_in: SignIn) -> None:
    """Open nothing: the simulation counts guesses."""


@dataclass(frozen=True)
class GuessedCode:
    """A code that was guessed: when (UTC), how often, and its number of digits."""

    at: datetime
    guesses: int
    digits: int


@dataclass
class Attack:
    """Result of an attack: the codes that were guessed, and whether a guess was right."""

    compared: list[GuessedCode] = field(default_factory=list)
    codes_sent: int = 0
    taken_over: bool = False

    def guesses(self, since: datetime | None = None) -> int:
        return sum(code.guesses for code in self.compared if since is None or code.at > since)

    @property
    def expected(self) -> float:
        """Expected number of accounts taken over if each guess is for another number."""
        return sum(code.guesses / 10**code.digits for code in self.compared)

    @property
    def probability(self) -> float:
        """Probability of at least one right guess if no guess is repeated for a code."""
        return 1 - math.prod(1 - code.guesses / 10**code.digits for code in self.compared)


#: Returns a number of guesses for a known code: always wrong, to count them, or random.
Guessing = Callable[[str, int], list[str]]


def always_wrong(code: str, count: int) -> list[str]:
    return [f"{(int(code) + nth) % 10 ** len(code):0{len(code)}}" for nth in range(1, count + 1)]


def random_guesses(code: str, count: int) -> list[str]:
    return [f"{guess:0{len(code)}}" for guess in random.sample(range(10 ** len(code)), count)]


@dataclass
class Attacker:
    """Requests codes for the next number and guesses from the next IP, as often as the limits allow.

    Codes with more digits than `most_digits` are not guessed: the attacker waits for shorter ones.
    """

    phones: Iterator[str]
    ips: Iterator[str]
    guessing: Guessing = always_wrong
    guesses_a_day: float = math.inf
    most_digits: float = math.inf
    has_many_numbers: bool = False
    #: What the codes are requested and guessed for, one after the other.
    bindings: Iterator[Binding] = field(default_factory=lambda: itertools.repeat(SIGN_IN))

    def attack(self, clock: time_machine.Traveller, *, days: float) -> Attack:
        """Attack for a number of days or until a number is taken over."""
        result, end = Attack(), timezone.now() + days * DAY
        while timezone.now() < end and not result.taken_over:
            rest = min(
                self.guesses_a_day - result.guesses(since=timezone.now() - DAY),
                settings.CONFIRMATION_CODE_MAX_WRONG_TRIES,
            )
            clock.shift(self._attack_code(result, int(rest)) if rest >= 1 else 3_600)
        return result

    def _attack_code(self, result: Attack, count: int) -> int:
        """Guess a number of times; return the seconds until the next code."""
        phone, at, guesses, digits, binding = next(self.phones), timezone.now(), 0, 0, next(self.bindings)
        next_code = 0 if self.has_many_numbers else int(settings.CONFIRMATION_CODE_RESEND_SECONDS)
        try:
            sent = sending.send_code(phone_number=phone, client_ip=next(self.ips), binding=binding)
            result.codes_sent += 1
            if (digits := len(sent.confirmation_code)) > self.most_digits:
                return 3_600
            for guess in self.guessing(sent.confirmation_code, count):
                result.taken_over = self._enters(phone, guess, binding)
                guesses += 1
                if result.taken_over:
                    break
        except Refusal as refusal:  # a lock or a limit: the last guess was not compared
            return int(refusal.details.get("retry_after", next_code))
        finally:
            result.compared.append(GuessedCode(at, guesses, digits))
        return next_code

    def _enters(self, phone: str, guess: str, binding: Binding) -> bool:
        try:
            tries.enter(Attempt(phone, next(self.ips), guess, lambda _code, _standing: (None, []), binding))
        except (ConfirmationCodeWrong, ConfirmationCodeExhausted):
            return False
        return True


def on_one_number(*, guessing: Guessing = always_wrong, guesses_a_day: float = math.inf) -> Attacker:
    """Guess for one number, from a new IP with every request."""
    return Attacker(itertools.repeat(next(_numbers)), _ips(), guessing, guesses_a_day)


def on_one_number_for_every_purpose() -> Attacker:
    """Guess for one number, from a new IP with every request, each code for another purpose."""
    bindings = (SIGN_IN, Binding(Purpose.CHANGE_NUMBER, 1), Binding(Purpose.CONFIRM, 1))
    return Attacker(itertools.repeat(next(_numbers)), _ips(), bindings=itertools.cycle(bindings))


def on_one_number_from_home() -> Attacker:
    """Guess for one number from the IP that its owner signs in from."""
    phone, home = next(_numbers), "192.0.2.1"
    code = sending.send_code(phone_number=phone, client_ip=home).confirmation_code
    redeeming.sign_in(phone_number=phone, confirmation_code=code, client_ip=home, open_session=_no_session)
    return Attacker(itertools.repeat(phone), itertools.repeat(home))


def on_all_numbers() -> Attacker:
    """Guess for one number after another from one IP."""
    return Attacker(_numbers, itertools.repeat("192.0.2.2"), has_many_numbers=True)


def on_all_numbers_from_all_ips(*, most_digits: float = math.inf) -> Attacker:
    """Guess for a new number, from a new IP, with every code."""
    return Attacker(_numbers, _ips(), most_digits=most_digits, has_many_numbers=True)


def _ips() -> Iterator[str]:
    """Yield the IPs of a botnet."""
    return (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(256), repeat=3))


#: Numbers of many blocks: 7,000,003 is prime to 10^9, so that none comes twice.
_numbers = (f"+79{nth * 7_000_003 % 10**9:09}" for nth in itertools.count(1))


def main(runs: int) -> None:
    call_command("migrate", verbosity=0)
    with time_machine.travel(timezone.now(), tick=False) as clock, redirect_stdout(io.StringIO()):
        for line in report(clock, runs):
            print(line, file=sys.stderr, flush=True)


def report(clock: time_machine.Traveller, runs: int) -> Iterator[str]:
    yield "| attacker | days | codes sent | guesses | taken over, on average |"
    yield "|---|---|---|---|---|"
    for name, (attacker, *lengths) in ATTACKERS.items():
        for days in lengths:
            made = attacker().attack(clock, days=days)
            yield f"| {name} | {days} | {made.codes_sent:,} | {made.guesses():,} | {made.expected:.4f} accounts |"
    if runs:
        yield from check(clock, runs)


def check(clock: time_machine.Traveller, runs: int) -> Iterator[str]:
    """Compare simulated attacks with the computed probability; two digits, so that some succeed."""
    settings.CONFIRMATION_CODE_LENGTH = 2
    expected = on_one_number().attack(clock, days=1).probability
    attacks = [on_one_number(guessing=random_guesses).attack(clock, days=1) for _ in tqdm(range(runs), disable=None)]
    taken_over = sum(attack.taken_over for attack in attacks) / runs
    yield f"Two digits, one day, {runs:,} numbers: {taken_over:.1%} taken over, {expected:.1%} computed"


ATTACKERS = {
    "one number, a new address for every request": (on_one_number, 1, 30),
    "one number, codes for every purpose in turn": (on_one_number_for_every_purpose, 1, 30),
    "the same, never 15 guesses in 24 hours": (partial(on_one_number, guesses_a_day=14), 1, 30),
    "one number, from its owner's address": (on_one_number_from_home, 1, 30),
    "one address, all numbers": (on_all_numbers, 1, 30),
    "all addresses, all numbers, codes of 4 digits": (partial(on_all_numbers_from_all_ips, most_digits=4), 30),
    "the same, codes of 4 and 6 digits": (partial(on_all_numbers_from_all_ips, most_digits=6), 30),
    "the same, codes of any length": (on_all_numbers_from_all_ips, 1),
}

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
