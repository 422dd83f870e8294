"""Check locked packages for known vulnerabilities: `python -m infra.audit`. Exits with 1 if there are any.

pip-audit asks PyPI, then OSV for packages that PyPI did not answer for. Packages that neither answers for are reported
as not audited; the exit code is then 0, or 2 with `--strict`.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
OSV = "https://api.osv.dev/v1/query"


def main() -> int:
    parser = argparse.ArgumentParser(description="Check locked packages for known vulnerabilities.")
    parser.add_argument("--osv-url", default=OSV, help="another source of advisories in OSV format")
    parser.add_argument("--strict", action="store_true", help="fail as well if a package could not be audited")
    parser.add_argument("locks", nargs="*", type=Path, default=[ROOT / name for name in LOCKS])
    asked = parser.parse_args()

    sources = (("pypi",), ("osv", "--osv-url", asked.osv_url))
    outcomes = [_audit(lock, sources if asked.osv_url == OSV else sources[1:]) for lock in asked.locks]
    if any(vulnerable for vulnerable, _ in outcomes):
        return 1
    return 2 if asked.strict and any(unknown for _, unknown in outcomes) else 0


def _audit(lock: Path, sources: tuple[tuple[str, ...], ...]) -> tuple[list[dict[str, Any]], list[str]]:
    """Print and return the vulnerable packages, and the names of those that no source answered for."""
    vulnerable: list[dict[str, Any]] = []
    unknown = [line.split("==")[0] for line in lock.read_text().splitlines() if "==" in line and line[0].isalpha()]
    for source in sources:
        audited = [package for package in _ask(lock, *source) if package["name"] in unknown]
        unknown = [name for name in unknown if name not in {package["name"] for package in audited}]
        vulnerable += [package for package in audited if package["vulns"]]
        if not unknown:
            break
    for package in vulnerable:
        for advisory in package["vulns"]:
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            sys.stdout.write(
                f"VULNERABLE   {package['name']} {package['version']}: {advisory['id']}, mended in {fixed}\n"
            )
    if unknown:
        sys.stdout.write(f"NOT AUDITED  {lock.name}: no advisory data within reach for {len(unknown)} packages\n")
    else:
        sys.stdout.write(f"audited      {lock.name}: {len(vulnerable)} packages with known vulnerabilities\n")
    return vulnerable, unknown


def _ask(lock: Path, *source: str) -> list[dict[str, Any]]:
    """Return the packages that a source knows; an empty list if it can't be reached."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", str(lock), "-s", *source]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except json.JSONDecodeError:
        return []
    return [package for package in packages if "skip_reason" not in package]


if __name__ == "__main__":
    sys.exit(main())
