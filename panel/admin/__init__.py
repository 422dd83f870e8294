"""Lists of the panel, one module each."""

from panel import dashboard, second_factor_page
from panel.admin import (
    audit_trail,
    confirmation_codes,
    hidden,
    messages,
    people,
    referrals,
    rights,
    services,
    sign_in_attempts,
    webhooks,
    wrong_passwords,
)

__all__ = [
    "audit_trail",
    "confirmation_codes",
    "dashboard",
    "hidden",
    "messages",
    "people",
    "referrals",
    "rights",
    "second_factor_page",
    "services",
    "sign_in_attempts",
    "webhooks",
    "wrong_passwords",
]
