"""A block of numbers that is known gives the answer that the library gives for each of its numbers."""

import random
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumberType

from users import phone_blocks

MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
PER_REGION = 12


def is_mobile(number: str) -> bool:
    """Tell by the library alone whether it reads a number as it is written, as a mobile one."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return written == number and phonenumbers.number_type(parsed) in MOBILE


def examples() -> Iterator[tuple[str, int]]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
        if number:
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number.country_code


def alike(number: str, chosen: random.Random) -> str:
    """Change the digits from some position on."""
    kept = chosen.randrange(2, len(number))
    return number[:kept] + "".join(chosen.choice("0123456789") for _ in number[kept:])


def test_a_known_block_says_what_the_library_says() -> None:
    chosen = random.Random(1)
    numbers = 0
    for example, country_code in examples():
        assert is_mobile(example), example
        phone_blocks.learn(example, country_code)
    regions = [example for example, _ in examples() if phone_blocks.is_known(example)]
    for example, country_code in examples():
        for _ in range(PER_REGION):
            number = alike(example, chosen)
            if phone_blocks.is_known(number):
                numbers += 1
                assert is_mobile(number), number
            elif is_mobile(number):
                phone_blocks.learn(number, country_code)

    assert len(regions) > 200
    assert numbers > 500


def test_a_number_of_another_form_is_in_no_block() -> None:
    phone_blocks.learn("+79161234567", 7)

    assert phone_blocks.is_known("+79167654321")
    for typed in ("+7916123456", "+791612345678", "79161234567", "+7 916 1234567", "+7916123456a", "+7916123456\n", ""):
        assert not phone_blocks.is_known(typed), typed
    for fixed in ("+74951234567", "+78001234567", "+77273123456"):
        assert not phone_blocks.is_known(fixed), fixed
