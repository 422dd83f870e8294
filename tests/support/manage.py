"""Runs `manage.py` with the settings of a container, in processes that have the big libraries from the start."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

#: Not from the settings: a process reads them once, and here it shall read those of the command.
ROOT = Path(__file__).parents[2]
#: What takes most of the start and reads no settings when it is imported.
LIBRARIES = ["apprise", "celery", "kombu", "phonenumbers", "rest_framework", "psycopg2", "segno", "requests", "environ"]
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(LIBRARIES)


def clean_environment() -> dict[str, str]:
    """Return what each process needs, and no settings of ours."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with these environment variables and no others of ours."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _forks.Process(target=_run, args=(arguments, clean_environment() | environment, out, err))
        process.start()
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())


def _run(arguments: tuple[str, ...], environment: dict[str, str], out: Path, err: Path) -> None:
    for stream, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream)
    os.environ.clear()
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="referral_project.settings")
    os.chdir(ROOT)
    sys.argv = ["manage.py", *arguments]
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
