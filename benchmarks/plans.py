"""Which statements read a whole table: a request of each endpoint, and every statement of it explained."""

import json
import subprocess
import sys
from collections.abc import Iterable

from benchmarks.endpoints import Endpoint, Town
from benchmarks.stack import FORWARDED, ROOT, LoadFailed

_PROGRAM = """
import json
import sys

import django

django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.test_query_plans import explainable, read_whole

method, path, token, body = sys.argv[2].split("\t")
headers = json.loads(sys.argv[1]) | ({"Authorization": f"Token {token}"} if token else {})
with CaptureQueriesContext(connection) as queries:
    answer = Client(headers=headers).generic(method, path, body, content_type="application/json")
assert answer.status_code in (200, 202), (path, answer.status_code)
for sql in explainable(queries):
    for table in read_whole(sql):
        print(f"{method} {path} reads all of {table}: {' '.join(sql.split())[:300]}")
"""


def whole_tables(town: Town, endpoints: Iterable[Endpoint]) -> list[str]:
    """Return a line for each statement that is planned to read one of the tables that grow from end to end.

    Raises `LoadFailed` unless each request is a success.
    """
    return [line for endpoint in endpoints for line in _explained(town, next(endpoint.prepare(town, 4)))]


def _explained(town: Town, request: str) -> list[str]:
    environment = town.stack.environment | {"DJANGO_SETTINGS_MODULE": "referral_project.settings"}
    command = [sys.executable, "-c", _PROGRAM, json.dumps(FORWARDED), request]
    told = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        raise LoadFailed(told.stderr[-2000:])
    return told.stdout.splitlines()
