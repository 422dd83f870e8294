"""Look for secrets in every file and in the whole history: `python -m infra.secret_scan`. Exits with 1 on any.

What is no secret, such as the user:password of an example, is listed by its digest in .secrets.baseline, in the format
of detect-secrets; `--accept` writes that list, to be looked through before it is committed.
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
    # Tokens that are known by their form, keys, and whatever is assigned to a password.
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
    # Tests make their passwords up; digests of packages are no secrets.
    + [{"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": [r"^tests/|\.lock$|\.baseline$"]}]
    # What examples say instead of a secret.
    + [{"path": "detect_secrets.filters.regex.should_exclude_secret", "pattern": [r"(?i)^(password|secret|token)$"]}],
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for secrets.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent, help="of another repository")
    parser.add_argument("--files", action="store_true", help="look through the files only, not through the history")
    parser.add_argument("--accept", action="store_true", help="list what is found as being no secret")
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
    sys.stdout.write(f"secrets: {len(unknown)} {where}; {len(known)} known to be none\n")
    return 1 if unknown else 0


def _known() -> set[str]:
    listed = json.loads(BASELINE.read_text())["results"] if BASELINE.exists() else {}
    return {secret["hashed_secret"] for secrets in listed.values() for secret in secrets}


def _in_files() -> Iterator[PotentialSecret]:
    for name in _git("ls-files", "-z").split("\0"):
        if name and Path(name).is_file():
            yield from scan_file(name)


def _in_history() -> Iterator[PotentialSecret]:
    """Yield what was ever added, as far as this clone reaches."""
    return scan_diff(_git("log", "--patch", "--unified=0", "--no-color", "--no-ext-diff", "--format=", "HEAD"))


def _git(*words: str) -> str:
    # Whoever owns the folder: nothing in it is run.
    done = subprocess.run(["git", "-c", "safe.directory=*", *words], capture_output=True, check=True)  # noqa: S603, S607
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
