"""How a check says what is wrong."""


class Wrong(Exception):
    """What is wrong, for the operator."""


def require(condition: object, complaint: str) -> None:
    if not condition:
        raise Wrong(complaint)
