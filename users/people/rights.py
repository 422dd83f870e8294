"""Who may manage users: the one rule that the API and the admin panel ask.

Staff act in the panel, by permissions of Django; programs act through the API, by the scopes of a service account.
"""

from typing import Literal

from django.contrib.auth.models import AnonymousUser

from users.models import Scope, ServiceAccount, User

Verb = Literal["view", "add", "change", "delete", "export"]


def permission(verb: Verb) -> str:
    """Return the name of the Django permission that a verb needs."""
    return f"users.{'view' if verb == 'export' else verb}_user"


def scope(verb: Verb) -> Scope:
    """Return the scope of a service that a verb needs."""
    return Scope.PEOPLE_READ if verb == "view" else Scope.PEOPLE_WRITE


def may(actor: User | AnonymousUser | ServiceAccount, verb: Verb, user: User | None = None) -> bool:
    """Return True if `actor` may do this to `user`, or to users in general if none is given.

    Needs active staff with the permission of the verb, or a service with its scope. The permission to change includes
    the one to view, as in Django's admin. Only a superuser changes, deletes or exports staff and superusers.
    """
    is_protected = user is not None and verb != "view" and (user.is_staff or user.is_superuser)
    if isinstance(actor, ServiceAccount):
        return actor.is_active and actor.has_scope(scope(verb)) and not is_protected and verb != "export"
    if not (actor.is_active and actor.is_staff):
        return False
    if actor.is_superuser:
        return True
    if is_protected:
        return False
    needed = permission(verb)
    return actor.has_perm(needed) or (needed == permission("view") and actor.has_perm(permission("change")))
