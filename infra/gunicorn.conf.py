"""Gunicorn configuration for production, sized by WEB_CONCURRENCY and WEB_THREADS."""  # noqa: N999  the name gunicorn expects

import itertools
import os
import select
import shutil
import tempfile
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

# Set before prometheus_client is imported: processes share their metrics in this folder, so any of them can report all.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="metrics-"))

from prometheus_client import values

# PORT comes from platforms that choose one.
bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or min(len(os.sched_getaffinity(0)), 8) + 1)
# Each thread keeps one database connection: replicas x workers x threads must stay below PostgreSQL's max_connections.
threads = int(os.environ.get("WEB_THREADS") or 4)
# Load the code once, share it between the workers, and fail at start if it can't be loaded.
preload_app = True
worker_tmp_dir = "/dev/shm"  # noqa: S108  the heartbeat must never wait for a disk
control_socket_disable = True

timeout = 30
graceful_timeout = 30
# Longer than nginx keeps its connections, so that gunicorn never closes one while a request arrives.
keepalive = 75
# Restart workers to bound memory leaks; the jitter spreads the restarts.
max_requests = 10_000
max_requests_jitter = 1_000
# Above nginx's limit, so that nginx refuses first, in problem details.
limit_request_line = 8190
# Only Django's settings decide which forwarded headers are trusted.
forwarded_allow_ips = ""


class WholeResponse(wsgi.Response):
    """Sends the headers together with the start of the body, so that a killed process leaves no partial answer."""

    def write(self, arg: bytes) -> None:
        client, self.sock = self.sock, Collector()
        super().write(arg)
        collected, self.sock = self.sock, client
        client.sendall(collected)


class Collector(bytearray):
    """Buffers what is written to a socket."""

    sendall = bytearray.extend


wsgi.Response = WholeResponse


class Worker(ThreadWorker):
    """Accepts what has connected before it stops, then closes the port: nginx sends the next request elsewhere.

    Gunicorn leaves the port open while it ends its connections, accepts none, and resets those that came meanwhile.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()


worker_class = Worker


class Logger(GunicornLogger):
    """Leaves the log format to Django's settings, which are loaded before the first line is written."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = True


logger_class = Logger
# The application writes the access log: see common/observability/middleware.py.
accesslog = None

# One metrics file per worker slot, reused by the successor. By default there is one per process id, so files would
# accumulate: deleting one loses its counts.
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
