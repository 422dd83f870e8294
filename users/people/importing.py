"""Import of people whom the host knows already. People are recognized by their phone number, so that an import can be
repeated: after a `kill -9` the same rows create nobody twice.

New people are inserted in bulk, and so are the invitations among them. Everything about people who are here already
goes through the usual functions, one by one.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.database import bulk
from common.database.uuids import uuid7
from users import events, referral_codes
from users.models import FormerNumber, Referral, RetiredReferralCode, User, fixed_code_of
from users.models.former_numbers import known_numbers
from users.people.import_refusals import ReferralCodeFixed, RowRepeated, StaffProtected
from users.people.import_rows import Refused, Row, read, refused
from users.phones import PhoneNumber
from users.referrals import activation
from users.referrals.newcomers import Newcomer, invite_newcomers
from users.refusals import AlreadyActivated, ExternalIdTaken, ReferralCodeNotFound, ReferralCodeTaken, Refusal

#: How often a batch is planned again because others wrote meanwhile.
_ATTEMPTS = 5


@dataclass
class Outcome:
    """What an import has done so far."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True)
class _Invitation:
    """An invitation that is left to `activation.activate`."""

    row: Row
    user_id: int
    #: The person was here already and has not been counted as updated.
    is_open: bool


@dataclass
class _Batch(Outcome):
    new: list[tuple[Row, User]] = field(default_factory=list)
    invitations: list[_Invitation] = field(default_factory=list)
    #: Row numbers of the database, for the audit trail.
    changed_ids: list[int] = field(default_factory=list)


class Import:
    """One import; `take` its rows in batches, then `finish`. Each batch is one transaction."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self.changed_ids: list[int] = []
        self._seen: set[int] = set()
        self._invitations: list[_Invitation] = []

    def take(self, numbered: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Import some rows, but for the invitations that need the rows after them."""
        rows = list(self._readable(numbered))
        for attempt in range(_ATTEMPTS):
            try:
                with transaction.atomic():
                    batch = _store(rows)
            except IntegrityError:  # others have taken a number, an id or a code since the plan was made
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                break
        self.outcome.created += batch.created
        self.outcome.updated += batch.updated
        self.outcome.unchanged += batch.unchanged
        self.outcome.refused += batch.refused
        self._invitations += batch.invitations
        self.changed_ids += batch.changed_ids

    def finish(self) -> Outcome:
        """Activate the codes that are left, by the usual rules."""
        for invitation in self._invitations:
            self._invite(invitation)
        self.outcome.refused.sort(key=lambda each: each.number)
        return self.outcome

    def _readable(self, numbered: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[Row]:
        for number, values in numbered:
            row = read(number, values)
            if isinstance(row, Refused):
                self.outcome.refused.append(row)
            elif (digits := int(row.phone_number)) in self._seen:
                self.outcome.refused.append(refused(number, RowRepeated()))
            else:
                self._seen.add(digits)
                yield row

    def _invite(self, invitation: _Invitation) -> None:
        row, is_changed = invitation.row, False
        try:
            with transaction.atomic():
                user = User.objects.get(pk=invitation.user_id)
                at = row.registered_at if row.registered_at == user.registered_at else None
                before = user.used_referral_code
                activation.activate(user=user, referral_code=row.used_referral_code, activated_at=at)
                is_changed = before is None
        except (Refusal, User.DoesNotExist) as refusal:
            told = refusal if isinstance(refusal, Refusal) else ReferralCodeNotFound()
            self.outcome.refused.append(refused(row.number, told, is_saved=True))
        if invitation.is_open and is_changed:
            self.outcome.updated += 1
            self.outcome.unchanged -= 1
            self.changed_ids.append(invitation.user_id)


def _store(rows: Sequence[Row]) -> _Batch:
    batch = _Batch()
    # Before the people: read after them, a code of somebody who came meanwhile would look like another person's.
    taken = _Taken(rows)
    numbers = [row.phone_number for row in rows]
    known = {str(user.phone_number): user for user in _known_users(numbers)}
    used = dict(Referral.objects.filter(invited__in=known.values()).values_list("invited_id", "referral_code"))
    for row in rows:
        user = known.get(row.phone_number)
        try:
            if user is None:
                batch.new.append((row, _new_user(row, taken)))
            else:
                _change(batch, row, user, used.get(user.pk), taken)
        except Refusal as refusal:
            batch.refused.append(refused(row.number, refusal))
    _insert(batch, taken)
    return batch


def _known_users(numbers: Sequence[PhoneNumber]) -> Iterable[User]:
    ids = [pk for (pk,) in bulk.found(User, "phone_number", numbers, wanted="id")]
    return User.objects.filter(pk__in=ids) if ids else ()


class _Taken:
    """External ids and invite codes of a batch that somebody has."""

    def __init__(self, rows: Sequence[Row]) -> None:
        external = [row.columns["external_id"] for row in rows if "external_id" in row.columns]
        self.external_ids = {taken for (taken,) in bulk.found(User, "external_id", external)}
        self.codes = self.of([row.referral_code for row in rows if row.referral_code])

    def take_external_id(self, external_id: str | None) -> None:
        if external_id in self.external_ids:
            raise ExternalIdTaken
        if external_id:
            self.external_ids.add(external_id)

    @staticmethod
    def of(codes: list[str]) -> set[str]:
        """Return those codes that somebody has or had."""
        models = (User, RetiredReferralCode)
        return {code for model in models for (code,) in bulk.found(model, "referral_code", codes)}

    def draw(self, count: int) -> list[str]:
        drawn: set[str] = set()
        while len(drawn) < count:
            more = {referral_codes.draw() for _ in range(count - len(drawn))} - self.codes
            drawn |= more - self.of(list(more))
        return list(drawn)


def _new_user(row: Row, taken: _Taken) -> User:
    if row.referral_code in taken.codes:
        raise ReferralCodeTaken
    taken.take_external_id(row.columns.get("external_id"))
    if row.referral_code:
        taken.codes.add(row.referral_code)
    registered_at = row.registered_at or timezone.now()
    return User(
        public_id=uuid7(registered_at),
        phone_number=row.phone_number,
        # As `make_password(None)` does, which takes a third of the time of a row.
        password=UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30),
        referral_code=row.referral_code,
        registered_at=registered_at,
        is_test=bool(fixed_code_of(row.phone_number)),
        **row.columns,
    )


def _change(batch: _Batch, row: Row, user: User, used_code: str | None, taken: _Taken) -> None:
    """Change a person who is here already. Raises a refusal."""
    changes = {name: value for name, value in row.columns.items() if getattr(user, name) != value}
    is_invited = bool(row.used_referral_code) and used_code not in referral_codes.readings(row.used_referral_code)
    if row.referral_code and row.referral_code != user.referral_code:
        raise ReferralCodeFixed
    if (user.is_staff or user.is_superuser) and (changes or is_invited):
        raise StaffProtected
    if changes:
        taken.take_external_id(changes.get("external_id"))
        events.person_changed(user, former=User.objects.update_user(user, **changes))
        batch.updated += 1
        batch.changed_ids.append(user.pk)
    else:
        batch.unchanged += 1
    if is_invited and used_code is not None:
        batch.refused.append(refused(row.number, AlreadyActivated(), is_saved=True))
    elif is_invited:
        batch.invitations.append(_Invitation(row, user.pk, is_open=not changes))


def _insert(batch: _Batch, taken: _Taken) -> None:
    without = [user for _, user in batch.new if not user.referral_code]
    for user, code in zip(without, taken.draw(len(without)), strict=True):
        user.referral_code = code
    users = [user for _, user in batch.new]
    bulk.insert(users)
    events.people_registered(*users)
    batch.created += len(users)
    batch.changed_ids += [user.pk for user in users]
    remembered = known_numbers([user.phone_number for user in users])
    came_back = {user.pk for user in users if user.phone_number in remembered and FormerNumber.objects.arrive(user)}
    _invite(batch, came_back)


def _invite(batch: _Batch, came_back: set[int]) -> None:
    invited = [(row, user) for row, user in batch.new if row.used_referral_code]
    newcomers = [Newcomer(user, row.used_referral_code, user.pk in came_back) for row, user in invited]
    for (row, user), refusal in zip(invited, invite_newcomers(newcomers), strict=True):
        if isinstance(refusal, ReferralCodeNotFound):  # perhaps a later row has this code
            batch.invitations.append(_Invitation(row, user.pk, is_open=False))
        elif refusal:
            batch.refused.append(refused(row.number, refusal, is_saved=True))
