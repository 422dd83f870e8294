"""A user agent in words."""

from functools import lru_cache

from users.models.sessions import DEVICE_MAX_LENGTH


@lru_cache(maxsize=1_000)
def in_words(user_agent: str) -> str:
    """Return browser and device, such as "Chrome, Android"; the beginning of the text if it is unknown."""
    import ua_parser  # its patterns take 0.3 s to load, which only lists of sessions need

    found = ua_parser.parse(user_agent)
    device = found.device.family if found.device and found.device.family not in ("Other", "Mac") else ""
    words = [found.user_agent.family if found.user_agent else "", device or (found.os.family if found.os else "")]
    return (", ".join(filter(None, words)) or user_agent)[:DEVICE_MAX_LENGTH]
