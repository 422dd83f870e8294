"""Events: what the domain records, the feed, and signed webhooks."""

from users.events.recording import (
    channel_failing,
    number_locked,
    people_registered,
    person_changed,
    person_erased,
    person_signed_in,
    referrals_activated,
    sending_paused,
    was_channel_failing,
)

__all__ = [
    "channel_failing",
    "number_locked",
    "people_registered",
    "person_changed",
    "person_erased",
    "person_signed_in",
    "referrals_activated",
    "sending_paused",
    "was_channel_failing",
]
