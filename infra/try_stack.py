"""Run the whole stack without Docker: `python -m infra.try_stack`. Exits with 1 if a check fails.

PostgreSQL, Redis, a Celery worker and its scheduler, gunicorn, Flower and nginx run on free loopback ports, with the
files and the configuration of the image, DEBUG off and HTTPS on. Two people sign in, and one enters the invite code of
the other; a receiver of webhooks is told. Everything is deleted afterwards.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import requests

from common import es256
from infra.local_nginx import UNASSIGNED_IP, Nginx, wait_for_port
from tests.support.fake_gateways import Gateway, echo_server
from tests.support.receivers import Receiver
from tests.support.servers import PATIENCE_SECONDS, free_port, postgres, redis_server, wait_until

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent
PUBLIC_URL = "https://referral.example"
ADMIN_PHONE, ADMIN_PASSWORD = "+79991112200", secrets.token_hex(16)
INVITER, INVITED, VISITOR = "+79991112233", "+79991112244", "+79991112255"
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Forwarded": "for=203.0.113.9"}
SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_started = time.monotonic()


class Failed(Exception):
    """An expectation that did not hold."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="stack-") as temporary:
        folder = Path(temporary)
        image = unpack_image(folder / "image")
        try:
            try_forwarded_headers(folder)
            try_everything(folder, image)
        except Exception:  # noqa: BLE001  any error: show the logs
            traceback.print_exc()
            for log in sorted(folder.glob("*.log")):
                sys.stderr.write(f"--- {log.name}\n{log.read_text()[-4000:]}\n")
            return 1
    say("everything is stopped")
    return 0


def unpack_image(folder: Path) -> Path:
    """Copy the files that .dockerignore allows into the image."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in [ROOT / name for name in allowed if (ROOT / name).exists()]:
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    return folder


def try_forwarded_headers(folder: Path) -> None:
    """Check which forwarded headers reach the application when TLS ends in a proxy in front of nginx."""
    with echo_server() as port:
        for trusted_proxy, expected in (
            (UNASSIGNED_IP, ("127.0.0.1", "http")),
            ("127.0.0.1/32", ("203.0.113.9", "https")),
        ):
            nginx = Nginx(folder / f"in-front-{expected[1]}", web_port=port, trusted_proxy=trusted_proxy)
            nginx.write()
            with nginx.running():
                seen = requests.get(
                    f"http://127.0.0.1:{nginx.port}/api/", headers=FORGED, timeout=PATIENCE_SECONDS
                ).json()
            passed_on = (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"])
            expect(passed_on == expected and "Forwarded" not in seen, f"headers, with {trusted_proxy} trusted: {seen}")
    say("forwarded headers: overwritten by default, kept from TRUSTED_PROXY")


def try_everything(folder: Path, image: Path) -> None:
    with ExitStack() as stack:
        database, broker = stack.enter_context(postgres()), stack.enter_context(redis_server())
        gateway = stack.enter_context(Gateway().running())
        environment = production(database, broker, gateway)
        say("PostgreSQL, Redis and a gateway are up")

        prepare(image, environment)
        environment["WEBHOOKS_ALLOW_PRIVATE"] = "True"
        receiver = stack.enter_context(Receiver().running())
        nginx = Nginx(folder / "nginx", scheme="https", web_port=free_port(), flower_port=free_port())
        nginx.write()
        (nginx.folder / "static").symlink_to(image / "staticfiles")
        web, _worker, _webhooks, beat, flower = [
            stack.enter_context(running(folder, name, command, cwd=image, env=environment))
            for name, command in commands(nginx).items()
        ]
        stack.enter_context(nginx.running())
        wait_for_port(nginx.web_port, web)
        wait_for_port(nginx.flower_port, flower)
        say("gunicorn, a Celery worker, its scheduler, Flower and nginx are up")

        site = Site(nginx.tls_port, nginx.folder)
        try_redirects_and_errors(site, nginx)
        secret = make_a_webhook(site, receiver, image, environment)
        try_sign_in_and_referral(site, nginx, gateway)
        try_the_webhook(receiver, secret)
        try_the_pages(Site(nginx.tls_port, nginx.folder), gateway)
        try_the_admin(site, nginx)
        try_flower(site)
        try_the_import(site, image, environment)
        try_the_limits(site)
        try_the_scheduler(folder, beat, image, environment)
        web.terminate()
        expect(web.wait(PATIENCE_SECONDS) == 0, "gunicorn did not stop cleanly")
        expect_problem(site.get("/api/profile/"), 502, "unavailable")
        page = expect_status(site.get("/profile/"), 502).text
        expect("We will be back soon" in page, f"the page without gunicorn: {page}")
        say("gunicorn stopped: 502, in problem details and as a page")


def production(database: str, broker: str, gateway: Gateway) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "DEBUG": "False",
        "SECRET_KEY": secrets.token_hex(32),
        "JWT_SIGNING_KEYS": es256.generate(),
        "PUBLIC_URL": PUBLIC_URL,
        "SMS_URL": gateway.sms_url,
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        "TRUSTED_PROXIES": "1",
        "CELERY_BROKER_URL": broker,
        "FLOWER_BASIC_AUTH": "admin:flower",
        "FLOWER_URL_PREFIX": "flower",
        "DJANGO_SUPERUSER_PASSWORD": ADMIN_PASSWORD,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def prepare(image: Path, environment: dict[str, str]) -> None:
    """Run the commands of the image build and of the `migrate` service, then create a superuser."""
    for command in (
        "collectstatic --noinput",
        "check --deploy --fail-level WARNING",
        "migrate --noinput",
        f"createsuperuser --noinput --phone_number {ADMIN_PHONE}",
    ):
        words = [sys.executable, "manage.py", *command.split()]
        done = subprocess.run(words, cwd=image, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        expect(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
        say(command)


def commands(nginx: Nginx) -> dict[str, list[object]]:
    config = ROOT / "infra" / "gunicorn.conf.py"
    bind = f"127.0.0.1:{nginx.web_port}"
    worker = "--quiet -A referral_project worker --pool threads --concurrency 4 --without-gossip --without-mingle"
    return {
        "gunicorn": [TOOLS / "gunicorn", "-c", config, "--bind", bind, "referral_project.wsgi"],
        "worker": [TOOLS / "celery", *worker.split()],
        "webhooks": [TOOLS / "celery", *worker.split(), "--queues", "webhooks", "--hostname", "webhooks@%h"],
        "beat": [
            TOOLS / "celery",
            *f"--quiet -A referral_project beat --schedule {nginx.folder}/beat --pidfile=".split(),
        ],
        "flower": [TOOLS / "celery", "flower", "--address=127.0.0.1", f"--port={nginx.flower_port}"],
    }


@contextmanager
def running(folder: Path, name: str, command: list[object], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, **options)  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Client(requests.Session):
    """An HTTP client of one server."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.trust_env = False

    def request(self, method: str, path: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        return super().request(method, self.address + path, *args, **{"timeout": PATIENCE_SECONDS, **options})


class Site(Client):
    """A client that reaches the service through an Nginx with TLS, whose certificate is in `folder`."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(f"https://127.0.0.1:{port}")
        self.verify = str(folder / "certs" / "fullchain.pem")


class PlainSite(Client):
    """A client of a server behind a platform's proxy, where TLS ends."""

    def __init__(self, port: int) -> None:
        super().__init__(f"http://127.0.0.1:{port}")
        self.headers.update({"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})

    def answers(self) -> bool:
        try:
            return self.get("/health/live/").ok
        except requests.ConnectionError:
            return False


class Messages(Protocol):
    """Where the texts of messages can be read."""

    def message_to(self, phone_number: str) -> str: ...


def try_redirects_and_errors(site: Site, nginx: Nginx) -> None:
    plain = requests.get(f"http://127.0.0.1:{nginx.port}/api/", allow_redirects=False, timeout=PATIENCE_SECONDS)
    expect_status(plain, 308)
    expect(plain.headers["Location"] == f"{PUBLIC_URL}/api/", f"redirect to {plain.headers['Location']}")
    ready = expect_status(site.get("/health/ready/"), 200)
    expect(ready.json()["checks"] == {"database": "ok", "cache": "ok", "broker": "ok"}, f"not ready: {ready.text}")
    # If this scheme were trusted, the answer would be a redirect to https.
    expect_status(site.get("/api/schema/", headers={"X-Forwarded-Proto": "http"}, allow_redirects=False), 200)
    expect_problem(site.post("/api/login/", data=b"x" * 65_537), 413, "body_too_large")
    expect_problem(site.request("TRACE", "/api/"), 405, "method_not_allowed")
    too_long = site.get("/api/" + "x" * 9_000)
    expect_problem(too_long, 414, "uri_too_long")
    expect_security_headers(ready, too_long, expect_status(site.get("/metrics"), 404))
    say("redirect to https, readiness, headers, forged scheme, 413, 405 and 414 in problem details, metrics hidden")


def expect_security_headers(*answers: requests.Response) -> None:
    """Check that answers of the service and of nginx carry the same headers, once each."""
    for answer in answers:
        headers = answer.headers
        expect("frame-ancestors 'none'" in headers.get("Content-Security-Policy", ""), f"no policy: {answer.url}")
        for name, value in SECURITY_HEADERS.items():
            expect(headers.get(name) == value, f"{name} of {answer.url}: {headers.get(name)}")


def try_sign_in_and_referral(site: Site, nginx: Nginx, gateway: Gateway) -> None:
    gateway.failures_to_come = 1  # the worker retries
    inviter, invited = (sign_in(site, gateway, phone) for phone in (INVITER, INVITED))
    code = inviter["profile"]["referral_code"]
    expect(
        inviter["profile"]["referral_link"].startswith(f"{PUBLIC_URL}/r/"),
        f"link: {inviter['profile']['referral_link']}",
    )
    mine = {"Authorization": f"Token {invited['token']}"}
    expect_status(site.patch("/api/profile/", json={"used_referral_code": code}, headers=mine), 200)
    expect(site.get("/api/profile/", headers=mine).json()["used_referral_code"] == code, "the code was not kept")
    expect_status(site.get(f"/api/profile/{INVITED}/", headers=mine), 200)
    nginx.logged('"path":"/api/profile/*/"')
    theirs = site.get("/api/profile/", headers={"Authorization": f"Token {inviter['token']}"}).json()
    expect(theirs["referrals"] == [INVITED], f"referrals: {theirs['referrals']}")
    say(f"two people signed in; {INVITED} used {code}, the invite code of {INVITER}, who sees it")


def try_the_import(site: Site, image: Path, environment: dict[str, str]) -> None:
    """Send the largest body that Nginx takes: 1,000 rows of people with long names."""
    create = [sys.executable, "manage.py", "service_key", "create", "shop", "--scope", "people:write"]
    made = subprocess.run(create, cwd=image, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    headers = {"Authorization": f"Key {made.stdout.splitlines()[-1]}", "Content-Type": "application/json"}
    rows = [{"phone_number": f"+7999{nth:07}", "username": "Я" * 150, "external_id": f"{nth}"} for nth in range(1_000)]
    body = json.dumps({"rows": rows})
    longest = body.ljust(1_048_576)
    expect(len(body) > len(longest) * 0.9, f"{len(body)} bytes are no large body")
    outcome = expect_status(site.post("/api/users/import/", data=longest, headers=headers), 200).json()
    expect(outcome["created"] == len(rows), f"created {outcome['created']} of {len(rows)} people")
    too_long = site.post("/api/users/import/", data=longest + " ", headers=headers)
    expect_problem(too_long, 413, "body_too_large")
    expect("1048576" in too_long.json()["detail"], f"another limit is told: {too_long.text}")
    say(f"1,000 people imported in a body of {len(longest):,} bytes; one byte more is 413")


def make_a_webhook(site: Site, receiver: Receiver, image: Path, environment: dict[str, str]) -> str:
    """Make a webhook by a service key, and return its secret."""
    words = [sys.executable, "manage.py", "service_key", "create", "events", "--scope", "webhooks:write"]
    key = subprocess.run(words, cwd=image, env=environment, capture_output=True, text=True, check=True).stdout  # noqa: S603
    headers = {"Authorization": f"Key {re.findall(r'rsk_[A-Za-z0-9_]+', key)[-1]}"}
    made = expect_status(site.post("/api/webhooks/", json={"url": receiver.url()}, headers=headers), 201)
    return str(made.json()["secret"])


def try_the_webhook(receiver: Receiver, secret: str) -> None:
    types = ["person.registered", "person.registered", "referral.activated"]
    told = "the worker of webhooks sent nothing"
    wait_until(lambda: [each.event["type"] for each in receiver.received] == types, otherwise=told)
    expect(all(each.is_signed_by(secret) for each in receiver.received), "a wrong signature")
    say("the worker of webhooks told a receiver of two registrations and an activation, signed")


def try_the_limits(site: Site) -> None:
    """Look up invite codes with a different forged address each time: the limit counts the real one."""
    answers = []
    for nth in range(70):
        claimed = f"203.0.113.{nth}"
        forged = {"X-Forwarded-For": claimed, "X-Real-IP": claimed, "Forwarded": f"for={claimed}"}
        answers.append(site.get("/api/referral-codes/QQQQQQ/", headers=forged))
    expect([answer.status_code for answer in answers] == [404] * 60 + [429] * 10, "forged addresses change the limit")
    expect_problem(answers[-1], 429, "too_many_requests")
    say("60 lookups pass, then 429 in problem details, with any forged address")


def sign_in(site: Client, gateway: Messages, phone_number: str) -> dict[str, Any]:
    asked = expect_status(site.post("/api/registration/", json={"phone_number": phone_number}), 202)
    expect("confirmation_code" not in asked.json(), "the code is exposed")
    code = re.findall(r"\b\d{4}\b", gateway.message_to(phone_number))[0]
    answer = site.post("/api/login/", json={"phone_number": phone_number, "confirmation_code": code})
    session: dict[str, Any] = expect_status(answer, 200).json()
    return session


def try_the_pages(browser: Site, gateway: Gateway) -> None:
    """Sign in as a browser does: cookies and CSRF tokens over TLS, style sheets served by nginx."""
    start = expect_status(browser.get("/sign-in/"), 200)
    expect_status(browser.get(re.findall(r"/static/web/theme\.[0-9a-f]{12}\.css", start.text)[0]), 200)
    expect_security_headers(start)
    for path, fields in (
        ("/sign-in/", lambda: {"phone_number": VISITOR}),
        ("/sign-in/code/", lambda: {"confirmation_code": re.findall(r"\b\d{4}\b", gateway.message_to(VISITOR))[0]}),
    ):
        form = {"csrfmiddlewaretoken": browser.cookies["__Host-csrf"], **fields()}
        page = expect_status(browser.post(path, data=form, headers={"Referer": browser.address + path}), 200)
    code = re.findall(r'id="my-code"[^>]*>(\w+)<', page.text)
    expect(code and f"{PUBLIC_URL}/r/{code[0]}/" in page.text, f"the profile: {page.text}")
    expect_status(browser.get(f"/r/{code[0]}/qr.svg"), 200)
    expect_status(browser.get("/postman/referral.postman_collection.json"), 200)
    say("pages: a person signed in, and has a code, a link and its QR code")


def try_the_admin(site: Site, nginx: Nginx) -> None:
    page = expect_status(site.get("/admin/login/"), 200)
    css = re.findall(r"/static/unfold/css/styles\.[0-9a-f]{12}\.css", page.text)[0]
    style = expect_status(site.get(css), 200)
    expect("immutable" in style.headers["Cache-Control"], f"{css} is not kept: {style.headers}")
    expect(style.headers.get("Content-Encoding") == "gzip", f"{css} is not compressed")
    expect('"upstream":""' in nginx.logged(css), f"{css} is not served by nginx itself")
    expect_security_headers(page, style)
    form = {"username": ADMIN_PHONE, "password": ADMIN_PASSWORD, "csrfmiddlewaretoken": site.cookies["__Host-csrf"]}
    home = site.post("/admin/login/?next=/admin/", data=form, headers={"Referer": f"{site.address}/admin/login/"})
    expect("/admin/logout/" in expect_status(home, 200).text, "the password of the superuser is refused")
    say("admin: signed in; its style sheet comes from nginx, compressed and cached for a year")


def try_flower(site: Site) -> None:
    expect_status(site.get("/flower/"), 401)
    expect_status(site.get("/flower/metrics"), 404)
    site.auth = ("admin", "flower")
    expect_status(site.get("/flower/"), 200)
    tasks = site.get("/flower/api/tasks").text
    expect("users.tasks.send_message" in tasks and "code" not in tasks, f"tasks in Flower: {tasks}")
    site.auth = None
    say("Flower asks for its password, and shows the messages sent without their codes")


def try_the_scheduler(folder: Path, beat: "subprocess.Popen[bytes]", image: Path, environment: dict[str, str]) -> None:
    """Check that the scheduler runs, and that the worker runs its hourly task."""
    expect(beat.poll() is None, "the scheduler has ended")
    call = [TOOLS / "celery", "-A", "referral_project", "call", "users.tasks.purge"]
    subprocess.run(call, cwd=image, env=environment, check=True, capture_output=True)  # noqa: S603
    log, done = folder / "worker.log", r"users\.tasks\.purge\[.*succeeded"
    wait_until(lambda: re.search(done, log.read_text()), otherwise="the worker did not purge")
    say("the scheduler is up, and the worker purges what has expired")


def expect_status(answer: requests.Response, status: int) -> requests.Response:
    complaint = f"{answer.request.method} {answer.request.url}: {answer.status_code} instead of {status}"
    expect(answer.status_code == status, f"{complaint}: {answer.text[:500]}")
    return answer


def expect_problem(answer: requests.Response, status: int, code: str) -> None:
    body = answer.json() if answer.headers["Content-Type"] == "application/problem+json" else {}
    is_right = {"type", "title", "status", "code", "detail"} <= body.keys() and body["code"] == code
    expect(answer.status_code == body.get("status") == status and is_right, f"{status}: {answer.text[:300]}")


def expect(condition: object, complaint: str) -> None:
    if not condition:
        raise Failed(complaint)


def say(what: str) -> None:
    sys.stdout.write(f"{time.monotonic() - _started:5.1f} s  {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
