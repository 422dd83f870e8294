"""Sign-ins that a service passes on: the address of its client counts, not that of the service."""

from django.views.decorators.debug import sensitive_variables

from users.limits import limits
from users.models import Scope
from users.refusals import ScopeMissing, ServiceKeyInvalid, TooManyRequests
from users.services import keys

#: What `accept` may raise, in the order of its checks.
REFUSALS = (ServiceKeyInvalid, ScopeMissing, TooManyRequests)


@sensitive_variables("clear")
def accept(*, clear: str, client_address: str) -> None:
    """Count a sign-in that the owner of this key passes on. `client_address` is that of the service.

    Raises one of `REFUSALS`. The limit of the account bounds what a stolen key can try from invented addresses.
    """
    account = keys.find(clear=clear, client_address=client_address).account
    if not account.has_scope(Scope.SIGN_IN_FORWARD):
        raise ScopeMissing(scope=Scope.SIGN_IN_FORWARD.value)
    limits.take(limits.FORWARDED_SIGN_INS_PER_SERVICE.of(account.pk))
