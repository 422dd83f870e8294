"""Who may manage users: the one rule that the API and the admin panel ask."""

from typing import Literal

from django.contrib.auth.models import AnonymousUser

from users.models import User

Verb = Literal["view", "add", "change", "delete"]


def permission(verb: Verb) -> str:
    """Return the name of the Django permission that a verb needs."""
    return f"users.{verb}_user"


def may(actor: User | AnonymousUser, verb: Verb, user: User | None = None) -> bool:
    """Return True if `actor` may do this to `user`, or to users in general if none is given.

    Needs active staff with the permission of the verb. The permission to change includes the one to view, as in
    Django's admin. Only a superuser changes or deletes staff and superusers.
    """
    if not (actor.is_active and actor.is_staff):
        return False
    if actor.is_superuser:
        return True
    if user and verb in {"change", "delete"} and (user.is_staff or user.is_superuser):
        return False
    return actor.has_perm(permission(verb)) or (verb == "view" and actor.has_perm(permission("change")))
