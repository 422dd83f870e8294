"""Progress of long commands on a terminal."""

import os
import pty
import termios

import pytest

from users.management.progress import progress


def test_progress_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))

    with os.fdopen(ours, "rb", buffering=0) as screen, os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with progress("people", total=40) as bar:
            bar.update(30)
            bar.refresh()
        shown = ""
        while "30/40" not in shown:
            shown += screen.read(4_096).decode()

    assert "people:  75%" in shown


def test_progress_is_not_written_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("people", total=40) as bar:
        bar.update(30)

    assert capsys.readouterr() == ("", "")
