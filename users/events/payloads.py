"""What is told about an event."""

from typing import Any

from users.models import Event, User

#: Raised by a change that a receiver of the former form would misunderstand; additions are no such change.
VERSION = 1
#: The relations that `payload` reads.
READ_WITH = ("person", "inviter")


def payload(event: Event, *, with_phone_numbers: bool) -> dict[str, Any]:
    """Return an event as JSON. `external_id` is the current one. What an erasure removed is left out."""
    data = dict(event.data)
    for role in READ_WITH:
        if data.get(role):
            data[role] = {**data[role], **_external_id(event, role)}
    personal = dict(event.personal)
    former_number = personal.pop("former_phone_number", None)
    data |= personal
    if with_phone_numbers and event.phone_number:
        data["phone_number"] = str(event.phone_number)
        if former_number:
            data["former_phone_number"] = former_number
    return {
        "id": str(event.public_id),
        "type": event.type,
        "version": VERSION,
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "data": data,
    }


def _external_id(event: Event, role: str) -> dict[str, str | None]:
    """Return the host's id of a person; nothing after their erasure."""
    person: User | None = getattr(event, role)
    return {"external_id": person.external_id} if person else {}
