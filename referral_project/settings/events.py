"""Events and webhooks."""

from referral_project.settings.environment import DEBUG, env

EVENTS_DAYS = env.int("EVENTS_DAYS", default=30)
# Events `person.signed_in`: by far the most, and few hosts need them.
EVENTS_SIGN_INS = env.bool("EVENTS_SIGN_INS", default=False)

# Webhooks may lead to private addresses, and need no HTTPS: for a receiver on a developer's machine.
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", default=DEBUG)
# The proxy through which webhooks leave: http://proxy.internal:3128; empty: none.
WEBHOOKS_PROXY_URL = env.str("WEBHOOKS_PROXY_URL", default="")
