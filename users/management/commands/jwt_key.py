"""Makes and rotates the keys of JWTs: `manage.py jwt_key`. Prints the new JWT_SIGNING_KEYS alone on its last line."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError, CommandParser

from common import es256
from users.people import jwt_keys


class Command(BaseCommand):
    help = "Prints JWT_SIGNING_KEYS with a key more or less, to put into the environment of every process."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
        steps.add_parser("new", help="one new key alone: for a new service, or after a leak")
        steps.add_parser("add", help="step 1 of a rotation: a new key that verifies, and is published")
        steps.add_parser("promote", help="step 2: the newest key signs")
        steps.add_parser("drop", help="step 3: the former key is gone, and what it signed is void")
        steps.add_parser("list", help="the ids of the keys, that which signs first")

    def handle(self, *, step: str, **_options: Any) -> None:
        if step == "new":
            self._print([es256.generate()], "Set it, and start every process again. Every JWT session ends.")
            return
        try:
            keys = jwt_keys.signing_keys()
        except ImproperlyConfigured as wrong:
            raise CommandError(str(wrong)) from wrong
        if step == "list":
            for nth, key in enumerate(keys):
                self.stdout.write(f"{key.kid}  {'verifies' if nth else 'signs'}")
            return
        texts = jwt_keys.key_texts()
        if step == "add":
            then = f"Set it everywhere, wait {jwt_keys.PUBLISHED_FOR_SECONDS} seconds, then: manage.py jwt_key promote"
            self._print([*texts, es256.generate()], then)
        elif len(texts) == 1:
            raise CommandError("There is one key only. Begin with: manage.py jwt_key add")
        elif step == "promote":
            then = "Set it everywhere, wait JWT_REFRESH_LIFETIME_DAYS, then: manage.py jwt_key drop"
            self._print([texts[-1], *texts[:-1]], then)
        else:
            self._print(texts[:-1], "Set it everywhere.")

    def _print(self, texts: list[str], then: str) -> None:
        self.stderr.write(then)
        self.stdout.write(",".join(texts))
