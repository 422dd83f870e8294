"""All limits at once, by the names of their settings: read as text, for not everyone here has Django set up."""

import re
from pathlib import Path

SETTINGS = Path(__file__).parents[2] / "referral_project/settings.py"


def every_limit(text: str) -> dict[str, str]:
    """Return the environment in which every limit is this one; "": none at all."""
    return dict.fromkeys(re.findall(r"^(LIMIT_\w+) = ", SETTINGS.read_text(), re.MULTILINE), text)
