"""The rules of `users`: sign-in, limits, messages, referrals, statistics."""

import re
from datetime import date

from django.core.exceptions import ImproperlyConfigured
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS

from common import sms_texts
from referral_project.settings.environment import DEBUG, env
from referral_project.settings.hosts import PUBLIC_URL

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["panel.lockout.PasswordBackend", "users.people.sessions.ConfirmationCodeBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PHONENUMBER_DEFAULT_REGION = env.str("PHONENUMBER_DEFAULT_REGION", default="RU")
PHONENUMBER_DB_FORMAT = PHONENUMBER_DEFAULT_FORMAT = "E164"

CONFIRMATION_CODE_LENGTH = env.int("CONFIRMATION_CODE_LENGTH", default=4)
# Digits while LIMIT_WRONG_TRIES is used up, and while LIMIT_WRONG_TRIES_UNDER_ATTACK is used up too. With eight, all
# codes that can be sent in a month leave next to no chance.
CONFIRMATION_CODE_LENGTH_UNDER_ATTACK = env.int("CONFIRMATION_CODE_LENGTH_UNDER_ATTACK", default=6)
CONFIRMATION_CODE_LENGTH_LONGEST = env.int("CONFIRMATION_CODE_LENGTH_LONGEST", default=8)
CONFIRMATION_CODE_LIFETIME_SECONDS = env.int("CONFIRMATION_CODE_LIFETIME_SECONDS", default=300)
CONFIRMATION_CODE_RESEND_SECONDS = env.int("CONFIRMATION_CODE_RESEND_SECONDS", default=60)
CONFIRMATION_CODE_MAX_WRONG_TRIES = env.int("CONFIRMATION_CODE_MAX_WRONG_TRIES", default=5)
# A session opened longer ago needs a fresh code to erase, export or change the number; 0: none does.
CONFIRM_AFTER_MINUTES = env.int("CONFIRM_AFTER_MINUTES", default=60)
CONFIRMATION_CODE_EXPOSED = env.bool("CONFIRMATION_CODE_EXPOSED", default=DEBUG)

# The hashes of Android apps that read their messages (SMS Retriever).
ANDROID_APP_HASHES = env.list("ANDROID_APP_HASHES", default=[])
if _wrong := [each for each in ANDROID_APP_HASHES if not sms_texts.APP_HASH.fullmatch(each)]:
    raise ImproperlyConfigured(f"A hash in ANDROID_APP_HASHES has 11 characters of Base64, not {_wrong[0]!r}.")

# Texts of messages, with {code}; empty: those of this service. The last line, `@host #1234`, is added to them.
CODE_TEXT_EN = env.str("CODE_TEXT_EN", default="")
CODE_TEXT_RU = env.str("CODE_TEXT_RU", default="")
for _name, _text in (("CODE_TEXT_EN", CODE_TEXT_EN), ("CODE_TEXT_RU", CODE_TEXT_RU)):
    _code = "0" * max(CONFIRMATION_CODE_LENGTH, CONFIRMATION_CODE_LENGTH_LONGEST)
    try:
        _message = _text.format(code=_code)
    except (LookupError, ValueError, AttributeError):
        raise ImproperlyConfigured(f"{_name} has one place to fill in: {{code}}.") from None
    if _text and _code not in _message:
        raise ImproperlyConfigured(f"{_name} lacks {{code}}.")
    _complete = [
        sms_texts.with_last_line(_message, code=_code, public_url=PUBLIC_URL, app_hash=_app)
        for _app in ("", *ANDROID_APP_HASHES)
    ]
    if not all(map(sms_texts.fits_one_sms, _complete)):
        raise ImproperlyConfigured(
            f"{_name} is longer than one SMS (160 characters of GSM-7, else 70), with {len(_code)} digits and the "
            "last line."
        )
# For reviewers of app stores: +79990000001=1234 until 2027-01-31. Nothing is sent to these numbers.
TEST_PHONE_NUMBERS = {}
for _entry in env.list("TEST_PHONE_NUMBERS", default=[]):
    _parts = re.fullmatch(r"(\+\d{7,15})=(\d{4,8}) until (\d{4}-\d\d-\d\d)", _entry.strip())
    try:
        _number, _code, _last_day = _parts.groups() if _parts else ("", "", "")
        TEST_PHONE_NUMBERS[_number] = _code, date.fromisoformat(_last_day)
    except ValueError:
        raise ImproperlyConfigured(
            f"TEST_PHONE_NUMBERS lists number, code and last day, +79990000001=1234 until 2027-01-31, not {_entry!r}."
        ) from None

# Limits: "5/hour 10/day" allows 5 per hour and 10 per day; empty: no limit. A month is 30 days.

LIMIT_CODES_PER_NUMBER_AND_ADDRESS = env.str("LIMIT_CODES_PER_NUMBER_AND_ADDRESS", default="3/hour 5/day 20/month")
LIMIT_CODES_PER_NUMBER = env.str("LIMIT_CODES_PER_NUMBER", default="5/hour 10/day")
LIMIT_CODES_PER_ADDRESS = env.str("LIMIT_CODES_PER_ADDRESS", default="30/hour 100/day")
# A block is 10,000 numbers that differ in the last four digits.
LIMIT_CODES_PER_BLOCK = env.str("LIMIT_CODES_PER_BLOCK", default="60/hour 200/day")
LIMIT_CODES_PER_COUNTRY = env.str("LIMIT_CODES_PER_COUNTRY", default="1000/hour 5000/day")
LIMIT_CODES = env.str("LIMIT_CODES", default="2000/hour 10000/day")
LIMIT_FAILED_SIGN_INS_PER_ADDRESS = env.str("LIMIT_FAILED_SIGN_INS_PER_ADDRESS", default="30/hour 100/day")
LIMIT_WRONG_TRIES_PER_NUMBER_AND_ADDRESS = env.str(
    "LIMIT_WRONG_TRIES_PER_NUMBER_AND_ADDRESS", default="10/day 30/month"
)
LIMIT_WRONG_TRIES_PER_NUMBER = env.str("LIMIT_WRONG_TRIES_PER_NUMBER", default="15/day 40/month")
# Over all numbers and all addresses. 300 guesses a day at four digits are 0.9 accounts a month.
LIMIT_WRONG_TRIES = env.str("LIMIT_WRONG_TRIES", default="300/day")
LIMIT_WRONG_TRIES_UNDER_ATTACK = env.str("LIMIT_WRONG_TRIES_UNDER_ATTACK", default="2000/day")
# Of every limit over all addresses, the part that only addresses known to the number can use.
KNOWN_ADDRESS_RESERVE_PERCENT = env.int("KNOWN_ADDRESS_RESERVE_PERCENT", default=25)
# Three times LIMIT_CODES: a code that is requested, tried wrongly once and redeemed.
LIMIT_FORWARDED_SIGN_INS_PER_SERVICE = env.str("LIMIT_FORWARDED_SIGN_INS_PER_SERVICE", default="6000/hour 30000/day")
LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS = env.str("LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS", default="60/hour 300/day")
LIMIT_REFERRAL_CODES_ENTERED_PER_PERSON = env.str("LIMIT_REFERRAL_CODES_ENTERED_PER_PERSON", default="10/hour 20/day")
LIMIT_WRONG_PASSWORDS_PER_NUMBER = env.str("LIMIT_WRONG_PASSWORDS_PER_NUMBER", default="20/hour 50/day")
# Length of the first lock after too many wrong tries; each further lock lasts twice as long.
SIGN_IN_LOCK_FIRST_SECONDS = env.int("SIGN_IN_LOCK_FIRST_SECONDS", default=3_600)
SIGN_IN_LOCK_LONGEST_SECONDS = env.int("SIGN_IN_LOCK_LONGEST_SECONDS", default=604_800)
# A client_ip that signed in with a number this recently is exempt from locks caused by other clients.
KNOWN_ADDRESS_DAYS = env.int("KNOWN_ADDRESS_DAYS", default=90)
# Regions (ISO 3166-1) that codes are sent to; *: all. The default bounds the bill of SMS pumping fraud.
SMS_COUNTRIES = env.list("SMS_COUNTRIES", default=["*" if DEBUG else PHONENUMBER_DEFAULT_REGION])
for _region in SMS_COUNTRIES:
    if _region not in SUPPORTED_REGIONS | {"*"}:
        _code = _region.lstrip("+")
        _regions = COUNTRY_CODE_TO_REGION_CODE.get(int(_code), ()) if _code.isdecimal() else ()
        _advice = f" +{_code} is the calling code of {', '.join(_regions)}: name those you serve." if _regions else ""
        raise ImproperlyConfigured(
            f"SMS_COUNTRIES names regions by ISO 3166-1, such as RU or US, not {_region!r}.{_advice}"
        )

SMS_URL = env.str("SMS_URL", default="console:")
# What a delivered message costs, by channel and beginning of the number: "smsc:+7=3.20 smsc:+=9".
CHANNEL_PRICES = env.str("CHANNEL_PRICES", default="")
SMS_TIMEOUT_SECONDS = env.float("SMS_TIMEOUT_SECONDS", default=5.0)
# Of the threads of a web process, while Redis is gone: half of the default WEB_THREADS.
SMS_THREADS_WITHOUT_BROKER = env.int("SMS_THREADS_WITHOUT_BROKER", default=2)
SMS_RETRY_SECONDS = env.float("SMS_RETRY_SECONDS", default=2.0)
CONSOLE_SMS_MIN_DELAY_SECONDS = env.float("CONSOLE_SMS_MIN_DELAY_SECONDS", default=1.0)
CONSOLE_SMS_MAX_DELAY_SECONDS = env.float("CONSOLE_SMS_MAX_DELAY_SECONDS", default=2.0)

# How long messages keep their phone number; codes, tokens and sessions are deleted when they expire.
PERSONAL_DATA_MESSAGES_DAYS = env.int("PERSONAL_DATA_MESSAGES_DAYS", default=90)

# What inviters see of the people who came with their code: "full" or "masked" numbers.
REFERRALS_SHOW_NUMBERS = env.str("REFERRALS_SHOW_NUMBERS", default="full")
if REFERRALS_SHOW_NUMBERS not in {"full", "masked"}:
    raise ImproperlyConfigured(f"REFERRALS_SHOW_NUMBERS is full or masked, not {REFERRALS_SHOW_NUMBERS!r}.")
# How long a number that an account has left can't activate an invite code; 0: it is not remembered.
NUMBER_MEMORY_DAYS = env.int("NUMBER_MEMORY_DAYS", default=365)
# Key of the digests of these numbers; empty: SECRET_KEY. Changing it forgets them.
NUMBER_MEMORY_KEY = env.str("NUMBER_MEMORY_KEY", default="")

# How long a browser remembers the invite code of the share link that it opened last; 0: not at all.
ATTRIBUTION_DAYS = env.int("ATTRIBUTION_DAYS", default=30)
REFERRAL_CODE_LENGTH = env.int("REFERRAL_CODE_LENGTH", default=6)
REFERRAL_ALLOW_CIRCLES = env.bool("REFERRAL_ALLOW_CIRCLES", default=False)
# Days after sign-up within which an invite code can be activated; 0: no limit.
REFERRAL_WINDOW_DAYS = env.int("REFERRAL_WINDOW_DAYS", default=0)

# Where a day of the statistics begins and ends, unless the request names another time zone.
STATISTICS_TIME_ZONE = env.str("STATISTICS_TIME_ZONE", default="UTC")
