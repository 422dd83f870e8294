"""The README: the calls work as printed, its settings match docs/settings.md, its pictures are small."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR

README = (BASE_DIR / "README.md").read_text()
#: Members whose values the calls decide. All others differ from run to run.
SAME_IN_EVERY_RUN = {"phone_number", "username", "is_new_user", "referrals_count"}


@pytest.mark.django_db(transaction=True)
def test_the_five_calls_work_as_printed(live_server: LiveServer, tmp_path: Path) -> None:
    script = re.search(r"```sh\n(api=.*?)```", README, flags=re.DOTALL)
    assert script
    calls = script.group(1).replace("http://127.0.0.1:8000", live_server.url)

    told = tmp_path / "stderr"
    with told.open("w") as file:
        shell = subprocess.run(["bash", "-eu", "-c", calls], stdout=subprocess.PIPE, stderr=file, text=True, check=True)

    answers = [json.loads(line) for line in told.read_text().splitlines()] + [json.loads(shell.stdout)]
    printed = [json.loads(line) for line in re.findall(r'^\{"(?:phone_number|token)".*', README, flags=re.MULTILINE)]
    assert len(answers) == len(printed) == 5
    for answer, shown in zip(answers, printed, strict=True):
        assert_contains(answer, shown)
    for five in (answers, printed):
        assert five[4]["used_referral_code"] == five[1]["profile"]["referral_code"]
        assert five[4]["referral_code"] == five[3]["profile"]["referral_code"]

    profile_of_anna = APIClient().get("/api/profile/", headers={"Authorization": f"Token {answers[1]['token']}"}).json()

    printed_profile = re.search(r"Anna's `GET /api/profile/` now contains `(.*)`", README)
    assert printed_profile
    assert_contains(profile_of_anna, json.loads(f"{{{printed_profile[1]}}}"))
    assert profile_of_anna["referrals"] == [answers[2]["phone_number"]]


def assert_contains(answer: dict[str, Any], shown: dict[str, Any]) -> None:
    """Check that an answer has every member that is shown, of the same type, and the same value where it is fixed."""
    for name, value in shown.items():
        if isinstance(value, dict):
            assert_contains(answer[name], value)
        elif name in SAME_IN_EVERY_RUN:
            assert answer[name] == value, name
        else:
            assert type(answer[name]) is type(value), name


def test_the_settings_have_the_defaults_of_the_settings_document() -> None:
    row = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", flags=re.MULTILINE)
    short, complete = row.findall(README), dict(row.findall((BASE_DIR / "docs/settings.md").read_text()))

    assert len(short) == 12
    assert [(name, complete[name]) for name, _ in short] == short


def test_every_picture_is_shown_somewhere_and_light() -> None:
    pages = [BASE_DIR / "README.md", *(BASE_DIR / "docs").glob("*.md")]
    shown = {Path(path).name for page in pages for path in re.findall(r"images/[\w-]+\.(?:png|webp)", page.read_text())}
    pictures = {picture.name: picture.stat().st_size for picture in (BASE_DIR / "docs/images").iterdir()}

    assert pictures.keys() == shown
    assert max(pictures.values()) < 200_000
