"""`manage.py service_key`: makes, lists and revokes the keys of services."""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from users import audit
from users.models import Scope, ServiceAccount, ServiceKey
from users.models.services import KEY_PREFIX_LENGTH
from users.services import keys

Action = audit.Action


class Command(BaseCommand):
    help = "Make, list and revoke the keys with which programs call the API."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        create = commands.add_parser(
            "create", help="Make a key and print it, alone on the last line. It can't be read again."
        )
        create.add_argument("name", help="The account. If it exists, it gets another key.")
        create.add_argument(
            "--scope", action="append", choices=Scope.values, default=[], help="What the account may do; repeat it."
        )
        create.add_argument("--days", type=_days, default=keys.DAYS, help=f"How long the key is valid ({keys.DAYS}).")
        create.add_argument(
            "--network",
            action="append",
            type=_network,
            default=[],
            help="Accept the key from this CIDR only; repeat it.",
        )
        commands.add_parser("list", help="List the keys, without what is secret in them.")
        revoke = commands.add_parser("revoke", help="Refuse a key from now on.")
        revoke.add_argument("prefix", help="The beginning of the key, as the list shows it: rsk_k3Jd82mQ")

    def handle(self, *_args: Any, command: str, **options: Any) -> None:
        if command == "create":
            self._create(options["name"], options["scope"], options["days"], options["network"])
        elif command == "list":
            self._list()
        else:
            self._revoke(options["prefix"])

    @transaction.atomic
    def _create(self, name: str, scopes: Sequence[str], days: int, networks: Sequence[str]) -> None:
        account = ServiceAccount.objects.filter(name=name).first()
        if account is None:
            if not scopes:
                raise CommandError("A new account needs a --scope, or several.")
            account = keys.create_account(name=name, scopes=scopes)
            audit.record(by=None, action=Action.CREATED, about=account, details={"scopes": account.scopes})
        elif scopes and set(scopes) != set(account.scopes):
            raise CommandError(f"{name} has the scopes {', '.join(account.scopes)}. A superuser can change them.")
        issued = keys.issue(account=account, days=days, networks=networks)
        details = {"account": name, "key": issued.record.prefix, "networks": issued.record.networks}
        audit.record(by=None, action=Action.CREATED, about=issued.record, details=details)
        self.stdout.write(f"{name}: {', '.join(account.scopes)}. Expires {issued.record.expires_at:%Y-%m-%d}.")
        self.stdout.write(issued.clear)

    def _list(self) -> None:
        for key in ServiceKey.objects.select_related("account").order_by("account__name", "pk"):
            state = "valid" if key.is_valid and key.account.is_active else "invalid"
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
            scopes = " ".join(key.account.scopes)
            self.stdout.write(
                f"{key.prefix}  {state:7}  {key.account.name}  expires {key.expires_at:%Y-%m-%d}  used {used}  {scopes}"
            )

    @transaction.atomic
    def _revoke(self, prefix: str) -> None:
        key = ServiceKey.objects.filter(prefix=prefix[:KEY_PREFIX_LENGTH]).first()
        if key is None:
            raise CommandError(f"No key begins with {prefix[:KEY_PREFIX_LENGTH]}.")
        if keys.revoke(key=key):
            audit.record(by=None, action=Action.CHANGED, about=key, details={"revoked": key.prefix})
        self.stdout.write(f"{key.prefix} is revoked.")


def _days(typed: str) -> int:
    if not typed.isdecimal() or not 1 <= int(typed) <= keys.MOST_DAYS:
        raise ArgumentTypeError(f"a number of days from 1 to {keys.MOST_DAYS:,}")
    return int(typed)


def _network(typed: str) -> str:
    try:
        return str(ip_network(typed))
    except ValueError:
        raise ArgumentTypeError(f"{typed} is no network, such as 203.0.113.0/24") from None
