"""`manage.py demo`: adds demo users with realistic chains of invitations."""

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from users.management.progress import progress
from users.models import Delivery, Referral, Scope, ServiceAccount, SignInAttempt, User
from users.referrals import activation
from users.services import keys
from users.statistics import totals

STAFF_PHONE_NUMBER = "+79990000000"
STAFF_PASSWORD = "demo-password"  # noqa: S105  DEBUG only
#: Each run makes another key: one that was made before can't be printed again.
SERVICE, DAYS_OF_KEY = "demo", 30
FIRST_PHONE_NUMBER = 79991000000
MOST_PEOPLE = 100_000
DAYS = 60
SHARE_INVITED = 0.7
SHARE_DELIVERED = 0.97
SHARE_USED = 0.85
DAYS_BETWEEN_VISITS = 9
NAMES = (
    "Anna", "Boris", "Clara", "Dmitri", "Elena", "Fyodor", "Grigory", "Helena", "Ivan", "Jelena", "Kirill", "Larisa",
    "Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Зоя", "Илья", "Ксения", "Лев", "Мария", "", "",
)  # fmt: skip


class Command(BaseCommand):
    help = "Add demo people with chains of invitations, a superuser and a service key. In DEBUG only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=300, help=f"How many, 1 to {MOST_PEOPLE:,} (300).")

    def handle(self, *_args: Any, people: int, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo people have known numbers and a known password: set DEBUG=True to add them.")
        if not 1 <= people <= MOST_PEOPLE:
            raise CommandError(f"--people takes 1 to {MOST_PEOPLE:,}, not {people:,}.")
        with transaction.atomic():
            if not User.objects.filter(phone_number=STAFF_PHONE_NUMBER).exists():
                User.objects.create_superuser(STAFF_PHONE_NUMBER, STAFF_PASSWORD, username="Staff")
            self._add_up_to(people)
            account = ServiceAccount.objects.filter(name=SERVICE).first()
            account = account or keys.create_account(name=SERVICE, scopes=Scope)
            key = keys.issue(account=account, days=DAYS_OF_KEY)
        totals.roll_up(since=timezone.now() - timedelta(days=DAYS + 1))
        self.stdout.write(f"{people:,} demo people.")
        if best := User.objects.order_by("-referrals_count").first():
            came = f"{best.phone_number}, with whom {best.referrals_count:,} people came"
            self.stdout.write(f"Start page:  sign in as {came}.")
        self.stdout.write(f"Admin panel: {STAFF_PHONE_NUMBER}, password {STAFF_PASSWORD}.")
        self.stdout.write(f"Service key: {key.clear}")

    def _add_up_to(self, people: int) -> None:
        """Add the users that are missing, so that the command can be repeated."""
        chance = random.Random(people)
        numbers = [f"+{FIRST_PHONE_NUMBER + nth}" for nth in range(people)]
        known = {str(user.phone_number): user for user in User.objects.filter(phone_number__gte=numbers[0])}
        joined: list[User] = []
        visits: list[tuple[Delivery, SignInAttempt | None]] = []
        with progress("people", total=people) as bar:
            for nth, number in enumerate(numbers):
                if number not in known:
                    inviter = _inviter(joined, chance)
                    day = timezone.now() - timedelta(days=DAYS * (1 - nth / people))
                    known[number] = _join(number, inviter, day + timedelta(hours=chance.uniform(0, 12)), chance)
                    visits += _visits(known[number], chance)
                joined.append(known[number])
                bar.update()
        Delivery.objects.bulk_create([sent for sent, _ in visits], batch_size=1_000)
        SignInAttempt.objects.bulk_create([attempt for _, attempt in visits if attempt], batch_size=1_000)


def _inviter(joined: list[User], chance: random.Random) -> User | None:
    """Pick an inviter, or None; the distribution is skewed: a few users invite many."""
    if not joined or chance.random() > SHARE_INVITED:
        return None
    return joined[int(len(joined) * chance.random() ** 2.5)]


def _join(number: str, inviter: User | None, moment: Any, chance: random.Random) -> User:
    moment = min(moment, timezone.now())
    user = User.objects.create_user(number, username=chance.choice(NAMES), registered_at=moment, last_login=moment)
    if inviter:
        referral = activation.activate(user=user, referral_code=inviter.referral_code)
        Referral.objects.filter(pk=referral.pk).update(activated_at=moment)
    return user


def _visits(user: User, chance: random.Random) -> Iterator[tuple[Delivery, SignInAttempt | None]]:
    """Yield the messages sent to a user since registration, each with its sign-in, if any."""
    moment = user.registered_at
    while moment < timezone.now():
        state = Delivery.State.DELIVERED if chance.random() < SHARE_DELIVERED else Delivery.State.FAILED
        is_used = moment == user.registered_at or (state == Delivery.State.DELIVERED and chance.random() < SHARE_USED)
        sent = _message(user, moment, Delivery.State.DELIVERED if is_used else state)
        yield sent, SignInAttempt(phone_number=user.phone_number, at=moment, succeeded=True) if is_used else None
        moment += timedelta(days=chance.expovariate(1 / DAYS_BETWEEN_VISITS))


def _message(user: User, moment: datetime, state: Delivery.State) -> Delivery:
    return Delivery(
        phone_number=user.phone_number,
        verification_token=uuid.uuid4(),
        created_at=moment,
        expires_at=moment + timedelta(minutes=5),
        finished_at=moment + timedelta(seconds=2),
        state=state,
        channel="console" if state == Delivery.State.DELIVERED else "",
        failed_channels="" if state == Delivery.State.DELIVERED else "console",
        last_failure="" if state == Delivery.State.DELIVERED else Delivery.Failure.TIMEOUT,
        attempts=1,
    )
