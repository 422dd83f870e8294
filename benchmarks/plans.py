"""Find statements that scan a whole table: EXPLAIN every statement of one request per endpoint."""

import json
import subprocess
import sys
from collections.abc import Iterable

from benchmarks.endpoints import Endpoint, Target
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

method, path, credentials, body = sys.argv[2].split("\t")
headers = json.loads(sys.argv[1]) | ({"Authorization": credentials} if credentials else {})
with CaptureQueriesContext(connection) as queries:
    answer = Client(headers=headers).generic(method, path, body, content_type="application/json")
assert answer.status_code in (200, 202), (path, answer.status_code)
for sql in explainable(queries):
    for table in read_whole(sql):
        print(f"{method} {path} reads all of {table}: {' '.join(sql.split())[:300]}")
"""


def whole_tables(target: Target, endpoints: Iterable[Endpoint]) -> list[str]:
    """Return a line for each statement whose plan scans a growing table.

    Raises `LoadFailed` if a request fails.
    """
    return [line for endpoint in endpoints for line in _explained(target, next(endpoint.prepare(target, 4)))]


def _explained(target: Target, request: str) -> list[str]:
    environment = target.stack.environment | {"DJANGO_SETTINGS_MODULE": "referral_project.settings"}
    command = [sys.executable, "-c", _PROGRAM, json.dumps(FORWARDED), request]
    result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        raise LoadFailed(result.stderr[-2000:])
    return result.stdout.splitlines()
