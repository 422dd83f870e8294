"""Gunicorn for production; WEB_CONCURRENCY and WEB_THREADS tune it from the environment."""  # noqa: N999  the name gunicorn expects

import itertools
import os
import shutil
import tempfile
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.http import wsgi

# Before prometheus_client is imported: the processes share their figures in this folder, so that each can tell all.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="metrics-"))

from prometheus_client import values

bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or min(len(os.sched_getaffinity(0)), 8) + 1)
# Each thread keeps one database connection: replicas x workers x threads must stay below PostgreSQL's max_connections.
threads = int(os.environ.get("WEB_THREADS") or 4)
# The code is loaded once and shared by the workers; a service that can't be loaded doesn't start.
preload_app = True
worker_tmp_dir = "/dev/shm"  # noqa: S108  the heartbeat must never wait for a disk
control_socket_disable = True

timeout = 30
graceful_timeout = 30
# Longer than nginx keeps its connections, so that it is never gunicorn that closes one as a request comes in.
keepalive = 75
# Bounds whatever leaks; the jitter keeps the workers from restarting all at once.
max_requests = 10_000
max_requests_jitter = 1_000
# More than nginx lets through, so that it is nginx that refuses, in problem details.
limit_request_line = 8190
# Who asks, and by which scheme, is for Django's settings alone to decide.
forwarded_allow_ips = ""


class WholeResponse(wsgi.Response):
    """Sends the headers with the beginning of the body: a process killed in between would leave half an answer."""

    def write(self, arg: bytes) -> None:
        client, self.sock = self.sock, Collector()
        super().write(arg)
        collected, self.sock = self.sock, client
        client.sendall(collected)


class Collector(bytearray):
    """Takes what is meant for a socket."""

    sendall = bytearray.extend


wsgi.Response = WholeResponse


class Logger(GunicornLogger):
    """Leaves the form of the lines to the settings of Django, which are read before the first one is written."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = True


logger_class = Logger
# The application writes a line for each request, and knows more of it: see referral_project/middleware.py.
accesslog = None

# A process counts in the file of its slot, and its successor goes on in it: named by process ids, as by default, files
# would become ever more, for none may be deleted without losing what it has counted.
_slot: int | str = "master"
values.ValueClass = values.MultiProcessValue(lambda: _slot)


def pre_fork(server: Any, worker: Any) -> None:
    taken = {sibling.slot for sibling in server.WORKERS.values()}
    worker.slot = next(slot for slot in itertools.count() if slot not in taken)


def post_fork(_server: Any, worker: Any) -> None:
    global _slot  # noqa: PLW0603
    _slot = worker.slot


def on_exit(_server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
