"""The admin panel: one module for each list that staff see."""

from users.admin import confirmation_codes, groups, people, referrals

__all__ = ["confirmation_codes", "groups", "people", "referrals"]
