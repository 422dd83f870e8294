"""The receivers in docs/webhooks.md, run as they stand there with the official libraries of their languages."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import call_command
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.support.factories import phone_number, service_client, sign_up
from tests.support.servers import PATIENCE_SECONDS, free_port, wait_until

pytestmark = [pytest.mark.django_db(transaction=True)]
DOCUMENT = (BASE_DIR / "docs/webhooks.md").read_text()
DJANGO = """
import os
from django.conf import settings
secret = os.environ["REFERRAL_WEBHOOK_SECRET"]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], REFERRAL_WEBHOOK_SECRET=secret)
{code}
from wsgiref.simple_server import make_server
from django.core.wsgi import get_wsgi_application
from django.urls import path
urlpatterns = [path("referral-events", referral_events)]
make_server("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application()).serve_forever()
"""
FASTAPI = "{code}\nimport uvicorn\nuvicorn.run(app, port=int(os.environ['PORT']), log_level='warning')\n"


@dataclass(frozen=True)
class Kind:
    heading: str
    file: str
    program: str
    #: What runs the file.
    command: Callable[[Path], list[str]]


KINDS = [
    Kind("Python, Django", "receiver.py", DJANGO, lambda file: [sys.executable, "-u", str(file)]),
    Kind("Python, FastAPI", "receiver.py", FASTAPI, lambda file: [sys.executable, "-u", str(file)]),
    Kind("Node", "receiver.js", "{code}", lambda file: ["node", str(file)]),
]


@contextmanager
def running(kind: Kind, folder: Path, secret: str, port: int) -> Iterator[Path]:
    """Run the receiver of a heading; yield the file with what it prints."""
    (code,) = re.findall(rf"^### {kind.heading}\n\n```\w+\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    file, printed = folder / kind.file, folder / "printed"
    file.write_text(kind.program.replace("{code}", code))
    environment = {"REFERRAL_WEBHOOK_SECRET": secret, "PORT": str(port), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    environment["NODE_PATH"] = str(BASE_DIR / "tests/browser/node_modules")
    with printed.open("wb") as output:
        process = subprocess.Popen(kind.command(file), env=environment, stdout=output, stderr=output, cwd=folder)
        try:
            wait_until(lambda: answers(port), process)
            yield printed
        finally:
            process.terminate()
            process.wait()


def answers(port: int) -> bool:
    try:
        requests.get(f"http://127.0.0.1:{port}/other", timeout=PATIENCE_SECONDS)
    except requests.ConnectionError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.heading)
def test_the_receiver_of_the_document_takes_each_event_once_and_refuses_forged_ones(tmp_path: Path, kind: Kind) -> None:
    host, port = service_client(), free_port()
    url = f"http://127.0.0.1:{port}/referral-events"
    webhook: dict[str, Any] = host.post("/api/webhooks/", {"url": url}).json()
    path = f"/api/webhooks/{webhook['id']}/"

    with running(kind, tmp_path, webhook["secret"], port) as printed:
        sign_up(APIClient(), phone_number(), username="Anna")
        call_command("deliver_events", once=True)
        host.post(f"{path}replay/", {"since": "2026-01-01T00:00:00Z"})
        call_command("deliver_events", once=True)
        (delivery,) = host.get(f"{path}deliveries/").json()["results"]
        forged = requests.post(
            url,
            json={"id": "1", "type": "person.erased", "data": {}},
            headers={"webhook-id": "1", "webhook-timestamp": "1795253400", "webhook-signature": "v1,AAAA"},
            timeout=PATIENCE_SECONDS,
        )

    assert delivery["attempts"][0]["status"] == 204, printed.read_text()
    assert forged.status_code == 400
    assert printed.read_text().count("person.registered") == 1
    assert "Anna" in printed.read_text()
