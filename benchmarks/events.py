"""Measures events on PostgreSQL: sign-ups beside 100,000 waiting events, their delivery to one local receiver, and the
feed with two readers beside writers. Exits with 1 if events are missing or repeated, or delivered at fewer than 300 a
second.
"""

import argparse
import asyncio
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.servers import free_port, postgres, wait_until

ROOT = Path(__file__).parent.parent
AT_LEAST_PER_SECOND = 300
SIGN_UPS = 200
WRITERS, EVENTS_READ, IN_A_TRANSACTION = 4, 10_000, 5


def receive(port: int) -> None:
    """Serve a receiver that counts: `POST /` takes an event, `GET /` tells how many came, and how many ids."""
    ids: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                await reader.readexactly(int(headers.get("content-length", 0)))
                answer = f"{len(ids)} {len(set(ids))}" if head.startswith("GET") else ""
                ids.extend([headers["webhook-id"]] if head.startswith("POST") else [])
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n{answer}".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(run())


def counted(port: int) -> list[int] | None:
    client = http.client.HTTPConnection("127.0.0.1", port)
    try:
        client.request("GET", "/")
        return [int(each) for each in client.getresponse().read().split()]
    except ConnectionError:
        return None


def milliseconds(call: Callable[[], Any], times: int) -> float:
    """Return the median time of a call."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1_000


def measure(waiting: int, url: str) -> bool:
    from rest_framework.test import APIClient

    from tests.support.factories import create_user, phone_number, sign_up
    from users import events
    from users.events import webhooks

    def sign_up_somebody() -> None:
        sign_up(APIClient(), phone_number())

    somebody = create_user()
    milliseconds(sign_up_somebody, 20)
    before = milliseconds(sign_up_somebody, SIGN_UPS)
    port = free_port()
    webhooks.add(url=f"http://127.0.0.1:{port}/")
    for _ in range(waiting // 1_000):
        events.people_registered(*[somebody] * 1_000)
    beside = milliseconds(sign_up_somebody, SIGN_UPS)
    print(f"a sign-up: {before:.1f} ms, {beside:.1f} ms beside {waiting:,} waiting events ({beside / before:.2f})")

    sent = waiting // 1_000 * 1_000 + SIGN_UPS
    receiver = subprocess.Popen([sys.executable, "-m", "benchmarks.events", "--receiver", str(port)], cwd=ROOT)
    try:
        wait_until(lambda: counted(port) is not None, receiver)
        began = time.monotonic()
        environment = {**os.environ, "DATABASE_URL": url}
        command = [sys.executable, "manage.py", "deliver_events", "--once"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        took = time.monotonic() - began
        came, different = counted(port) or [0, 0]
    finally:
        receiver.terminate()
        receiver.wait()
    print(f"delivery: {came:,} events ({different:,} ids) in {took:.0f} s: {came / took:,.0f} a second")
    return came == different == sent and came / took >= AT_LEAST_PER_SECOND


def read_beside_writers() -> bool:
    from django.db import connections, transaction

    from tests.support.factories import create_user, service_client
    from users import events

    people = [create_user() for _ in range(WRITERS)]
    client = service_client("events:read")
    start = None
    while start is None or start["has_more"]:
        asked = {"page_size": 1_000} | ({"after": start["cursor"]} if start else {})
        start = client.get("/api/events/", asked).json()
    cursors = start["cursor"]
    finished: list[int] = []
    seen: list[list[str]] = [[], []]

    def write(nth: int) -> None:
        for _ in range(EVENTS_READ // WRITERS // IN_A_TRANSACTION):
            with transaction.atomic():
                for _ in range(IN_A_TRANSACTION):
                    events.people_registered(people[nth])
        finished.append(nth)
        connections.close_all()

    def read(nth: int) -> None:
        reader, cursor, goes_on = service_client("events:read"), cursors, True
        while goes_on:
            are_writing = len(finished) < WRITERS  # before the page is read
            answer = reader.get("/api/events/", {"after": cursor, "page_size": 50}).json()
            cursor, goes_on = answer["cursor"], are_writing or answer["has_more"]
            seen[nth] += [event["id"] for event in answer["results"]]
        connections.close_all()

    threads = [threading.Thread(target=write, args=(nth,)) for nth in range(WRITERS)]
    threads += [threading.Thread(target=read, args=(nth,)) for nth in range(2)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = seen
    took = time.monotonic() - began
    print(f"feed: two readers got {len(first):,} and {len(second):,} of {EVENTS_READ:,} events in {took:.0f} s")
    return first == second and len(set(first)) == len(first) == EVENTS_READ


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure events, their delivery and the feed.")
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--receiver", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.receiver:
        receive(asked.receiver)
        return 0
    with postgres(synchronous_commit="off") as url:
        limits = [name for name in (ROOT / "docs/settings.md").read_text().split("`") if name.startswith("LIMIT_")]
        os.environ |= {"DATABASE_URL": url, "DEBUG": "True", "LOG_LEVEL": "ERROR", **dict.fromkeys(limits, "")}
        os.environ |= {"CONSOLE_SMS_MIN_DELAY_SECONDS": "0", "CONSOLE_SMS_MAX_DELAY_SECONDS": "0"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "referral_project.settings"
        import django
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        settings.ALLOWED_HOSTS.append("testserver")
        settings.DEBUG = False  # would keep every query in memory
        call_command("migrate", verbosity=0)
        results = [measure(asked.waiting, url), read_beside_writers()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
