"""Events and webhooks."""

from referral_project.settings.environment import env

EVENTS_DAYS = env.int("EVENTS_DAYS", default=30)
# Events `person.signed_in`: by far the most, and few hosts need them.
EVENTS_SIGN_INS = env.bool("EVENTS_SIGN_INS", default=False)
