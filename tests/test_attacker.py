"""Simulated attacks on confirmation codes against the default limits, with a controlled clock."""

import math

import pytest
import time_machine
from pytest_django import Settings

from benchmarks import attacker

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("guesses_a_day", [math.inf, 14, 9, 4])
def test_guessing_one_number_from_many_ips(clock: time_machine.Traveller, guesses_a_day: float) -> None:
    a_day = attacker.on_one_number(guesses_a_day=guesses_a_day).attack(clock, days=1)
    a_month = attacker.on_one_number(guesses_a_day=guesses_a_day).attack(clock, days=30)

    assert 0 < a_day.probability < 0.005
    assert a_day.probability < a_month.probability < 0.02


def test_guessing_one_number_from_the_owners_ip(clock: time_machine.Traveller) -> None:
    a_month = attacker.on_one_number_from_home().attack(clock, days=30)

    assert 0 < a_month.probability < 0.02


def test_one_ip_takes_over_less_than_one_account_in_a_month(clock: time_machine.Traveller) -> None:
    a_week = attacker.on_all_numbers().attack(clock, days=7)

    assert 0 < a_week.expected * 30 / 7 < 1


def test_all_ips_take_over_less_than_one_account_of_all_numbers_in_a_month(
    clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.LIMIT_WRONG_TRIES_UNDER_ATTACK, settings.LIMIT_CODES_PER_COUNTRY = "200/day", "150/day"

    a_day = attacker.on_all_numbers_from_all_ips().attack(clock, days=1)

    by_digits = {digits: sum(code.guesses for code in a_day.compared if code.digits == digits) for digits in (4, 6, 8)}
    # Strangers have three quarters of each limit.
    assert by_digits[4] == 225
    assert by_digits[6] == 150
    assert 0 < by_digits[8] <= 150 * 5 - 225 - 150
    assert 30 * a_day.expected < 1


def test_simulated_attacks_match_the_computed_probability(clock: time_machine.Traveller, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH, runs = 2, 60
    share = attacker.on_one_number().attack(clock, days=1).probability

    attacks = [attacker.on_one_number(guessing=attacker.random_guesses).attack(clock, days=1) for _ in range(runs)]
    succeeded = sum(attack.taken_over for attack in attacks)

    # Four standard deviations: about one run in 16,000 fails by chance.
    assert succeeded == pytest.approx(runs * share, abs=4 * math.sqrt(runs * share * (1 - share)))
    assert succeeded > 0
