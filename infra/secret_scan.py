"""Scan all files and the whole git history; run by `python -m infra.secret_scan`. Exits with 1 if it finds a secret.

False positives, such as the user:password of an example, are listed by digest in .secrets.baseline, in the format of
detect-secrets. `--accept` writes that list; review it before committing.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from detect_secrets.core import baseline
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_diff, scan_file
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

BASELINE = Path(".secrets.baseline")
SETTINGS = {
    # Tokens with a known format, keys, and strings assigned to a password.
    "plugins_used": [
        {"name": name}
        for name in (
            *("AWSKeyDetector", "ArtifactoryDetector", "AzureStorageKeyDetector", "BasicAuthDetector"),
            *("DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector"),
            *("KeywordDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector"),
            *("PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector"),
            *("TelegramBotTokenDetector", "TwilioKeyDetector"),
        )
    ],
    "filters_used": [
        {"path": f"detect_secrets.filters.heuristic.{name}"}
        for name in (
            *("is_indirect_reference", "is_likely_id_string", "is_not_alphanumeric_string", "is_potential_uuid"),
            *("is_prefixed_with_dollar_sign", "is_sequential_string", "is_templated_secret"),
        )
    ]
    # Passwords in tests and digests of packages are not secrets.
    + [{"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": [r"^tests/|\.lock$|\.baseline$"]}]
    # Placeholders in examples.
    + [{"path": "detect_secrets.filters.regex.should_exclude_secret", "pattern": [r"(?i)^(password|secret|token)$"]}],
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Scan for secrets.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent, help="the repository to scan")
    parser.add_argument("--files", action="store_true", help="scan the files only, not the history")
    parser.add_argument("--accept", action="store_true", help="accept everything found as a false positive")
    asked = parser.parse_args()
    os.chdir(asked.folder)

    found = SecretsCollection()
    with transient_settings(SETTINGS):
        for secret in (*_in_files(), *(() if asked.files else _in_history())):
            found[secret.filename].add(secret)
        if asked.accept:
            baseline.save_to_file(found, str(BASELINE))
    known = _known()
    unknown = [secret for _, secret in found if secret.secret_hash not in known]
    for secret in unknown:
        sys.stderr.write(f"{secret.filename}:{secret.line_number}: {secret.type}\n")
    where = "in the files" if asked.files else "in the files and in the history"
    sys.stdout.write(f"secrets: {len(unknown)} {where}; {len(known)} accepted as false positives\n")
    return 1 if unknown else 0


def _known() -> set[str]:
    listed = json.loads(BASELINE.read_text())["results"] if BASELINE.exists() else {}
    return {secret["hashed_secret"] for secrets in listed.values() for secret in secrets}


def _in_files() -> Iterator[PotentialSecret]:
    for name in _git("ls-files", "-z").split("\0"):
        if name and Path(name).is_file():
            yield from scan_file(name)


def _in_history() -> Iterator[PotentialSecret]:
    """Yield secrets in every line ever added, as far back as this clone goes."""
    return scan_diff(_git("log", "--patch", "--unified=0", "--no-color", "--no-ext-diff", "--format=", "HEAD"))


def _git(*words: str) -> str:
    # Accept a repository of another owner: git runs no code from it here.
    done = subprocess.run(["git", "-c", "safe.directory=*", *words], capture_output=True, check=True)  # noqa: S603, S607
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
