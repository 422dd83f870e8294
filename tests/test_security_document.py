"""docs/security.md matches the code."""

import re

import pytest
import time_machine
from django.conf import settings

from benchmarks import attacker
from referral_project.settings import BASE_DIR
from users.refusals import Refusal

TEXT = (BASE_DIR / "docs/security.md").read_text()


def test_limits_table_matches_the_defaults() -> None:
    result = dict(re.findall(r"^\| `([A-Z_]+)` \| (\S+(?: \d+/\w+)*) \|", TEXT, flags=re.MULTILINE))
    limits = {name for name in dir(settings) if name.startswith("LIMIT_")}

    assert limits < set(result)
    for name in limits:
        assert result[name] == getattr(settings, name), name
    assert int(result["CONFIRMATION_CODE_MAX_WRONG_TRIES"]) == settings.CONFIRMATION_CODE_MAX_WRONG_TRIES


def test_limits_table_names_the_error_codes() -> None:
    named = re.findall(r"\| \d{3} `(\w+)` \|", TEXT)

    assert len(named) > 10
    assert set(named) <= {refusal.code for refusal in Refusal.__subclasses__()}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "days"),
    [
        (name, days)
        for name, (_, *lengths) in attacker.ATTACKERS.items()
        if not name.endswith(("all numbers", "digits", "length"))
        for days in lengths
    ],
)
def test_attack_table_matches_the_simulation(clock: time_machine.Traveller, name: str, days: int) -> None:
    attack = attacker.ATTACKERS[name][0]().attack(clock, days=days)

    assert (
        f"| {name} | {days} | {attack.codes_sent:,} | {attack.guesses():,} | {attack.expected:.4f} accounts |" in TEXT
    )


def test_attack_table_has_a_line_for_each_attack() -> None:
    missing = [
        (name, days)
        for name, (_, *lengths) in attacker.ATTACKERS.items()
        for days in lengths
        if f"| {name} | {days} |" not in TEXT
    ]

    assert missing == []


def test_owasp_table_is_complete_and_its_tests_exist() -> None:
    rows = re.findall(r"^\| (API\d+) .*\| ([^|]+) \|$", TEXT, flags=re.MULTILINE)
    assert [risk for risk, _ in rows] == [f"API{nth}" for nth in range(1, 11)]

    for risk, shown_by in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown_by)
        assert named, risk
        for path, test in named:
            assert f"def {test}(" in (BASE_DIR / path).read_text(), test
