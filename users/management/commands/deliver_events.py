"""`manage.py deliver_events`: sends events to webhooks where no Celery worker does."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from users.events import delivering

_PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Send events to webhooks until it is stopped, or with --once what is due now. Several can run at a time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing is due any more")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:
        stopped = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stopped.set())
        threads: dict[int, threading.Thread] = {}
        while not stopped.is_set():
            for webhook_id in delivering.due():
                if webhook_id not in threads or not threads[webhook_id].is_alive():
                    threads[webhook_id] = _start(webhook_id, stopped)
            if once:
                break
            stopped.wait(_PAUSE_SECONDS)
        for thread in threads.values():
            thread.join()


def _start(webhook_id: int, stopped: threading.Event) -> threading.Thread:
    def run() -> None:
        try:
            while delivering.deliver(webhook_id, stop=stopped.is_set):
                pass
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name=f"webhook {webhook_id}")
    thread.start()
    return thread
