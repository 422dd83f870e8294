"""All limits at once, by the names of their settings."""

import re
from pathlib import Path

SETTINGS = Path(__file__).parents[2] / "referral_project/settings/users.py"


def every_limit(text: str) -> dict[str, str]:
    """Return an environment that sets every limit to `text`; "": no limit.

    Reads the settings as text: an import would load a developer's `.env` into the processes started from here.
    """
    return dict.fromkeys(re.findall(r"^(LIMIT_\w+) = ", SETTINGS.read_text(), re.MULTILINE), text)
