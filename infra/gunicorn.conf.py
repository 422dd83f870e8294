"""Gunicorn for production; WEB_CONCURRENCY and WEB_THREADS tune it from the environment."""  # noqa: N999  the name gunicorn expects

import os

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

errorlog = "-"
# Nginx writes the access log, without query strings, tokens and phone numbers.
accesslog = None
