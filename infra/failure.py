"""The failure of a check of the deployment files."""


class CheckFailed(Exception):
    """A failed check; its message is for the operator."""


def require(condition: object, complaint: str) -> None:
    """Raise `CheckFailed` unless the condition is true."""
    if not condition:
        raise CheckFailed(complaint)
