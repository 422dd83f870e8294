"""The admin panel: a module for each list that staff see, and for what they share."""

from users.admin import (
    audit,
    confirmation_codes,
    dashboard,
    deliveries,
    failed_sign_ins,
    people,
    referrals,
    rights,
    second_factor,
    sign_in_attempts,
)

__all__ = [
    "audit",
    "confirmation_codes",
    "dashboard",
    "deliveries",
    "failed_sign_ins",
    "people",
    "referrals",
    "rights",
    "second_factor",
    "sign_in_attempts",
]
