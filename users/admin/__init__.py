"""The admin panel: a module for each list that staff see, and for what they share."""

from users.admin import confirmation_codes, people, referrals, rights

__all__ = ["confirmation_codes", "people", "referrals", "rights"]
