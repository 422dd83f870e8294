"""What must hold of the running containers. Requests are few, and check functions only."""

import json
import re
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests

from infra import local_nginx
from infra.check import ROOT, TOOLS, refused, run
from infra.containers.stack import LOG_BYTES, LOG_FILES, Stack
from infra.failure import CheckFailed, require
from infra.try_stack import Site, expect, expect_status, say, sign_in
from tests.support.servers import wait_until

INVITER, INVITED = "+79991112233", "+79991112244"
#: Linux capabilities that the entry point of PostgreSQL's image needs, as bits; all others have none.
POSTGRES_BITS = sum(1 << bit for bit in (0, 1, 3, 5, 6, 7))
_SECONDS_BETWEEN_REQUESTS = 0.1


def site_of(stack: Stack) -> Site:
    """Return a client of the stack's Nginx, by TLS."""
    return Site(stack.tls_port, stack.infra)


def start(stack: Stack) -> None:
    started = time.monotonic()
    stack.compose("build")
    built = time.monotonic()
    stack.up("--no-build")
    say(f"images built in {built - started:.0f} s, containers healthy {time.monotonic() - built:.0f} s later")


def try_the_main_job(stack: Stack, site: Site) -> dict[str, Any]:
    """Sign two people in through Nginx, a worker and a gateway; one enters the invite code of the other."""
    inviter, invited = (sign_in(site, stack, phone) for phone in (INVITER, INVITED))
    code = inviter["profile"]["referral_code"]
    mine = {"Authorization": f"Token {invited['token']}"}
    expect_status(site.patch("/api/profile/", json={"used_referral_code": code}, headers=mine), 200)
    theirs = site.get("/api/profile/", headers={"Authorization": f"Token {inviter['token']}"}).json()
    expect(theirs["referrals"] == [INVITED], f"referrals: {theirs['referrals']}")
    say("two people signed in through Nginx, a worker and a gateway; one used the invite code of the other")
    return inviter


def try_an_upgrade(stack: Stack, site: Site, person: dict[str, Any]) -> None:
    """Deploy the other images while one person reads and writes ten times a second: no request may fail."""
    before = images(stack)
    mine = {"Authorization": f"Token {person['token']}"}
    started = time.monotonic()
    stack.compose("build")
    built = time.monotonic()
    with load(stack, mine) as outcomes:
        stack.run("./deploy.sh", "--no-build")
    after = images(stack)
    replaced = {name for name in ("web", "worker", "webhooks", "beat") if not after[name] & before[name]}
    require(replaced == {"web", "worker", "webhooks", "beat"}, f"replaced: {replaced}")
    require(set(outcomes) == {200}, f"answers during the upgrade: {outcomes}")
    took = time.monotonic() - built
    say(f"upgrade: built in {built - started:.0f} s, deployed in {took:.0f} s: {outcomes[200]} requests, 0 refused")
    other = "+79991112266"
    sign_in(site, stack, other)


@contextmanager
def load(stack: Stack, headers: dict[str, str]) -> Iterator[Counter[object]]:
    """Read and write a profile in turn, by a new connection each; count the answers by status or error."""
    outcomes: Counter[object] = Counter()
    over = threading.Event()

    def ask() -> None:
        number = 0
        while not over.wait(_SECONDS_BETWEEN_REQUESTS):
            number += 1
            try:
                with site_of(stack) as site:
                    write = number % 2
                    answer = (
                        site.patch("/api/profile/", json={"username": f"Anna {number}"}, headers=headers)
                        if write
                        else site.get("/api/profile/", headers=headers)
                    )
                outcomes[answer.status_code if answer.ok else refusal(stack, answer)] += 1
            except requests.RequestException as error:
                outcomes[type(error).__name__] += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield outcomes
    finally:
        over.set()
        thread.join()


def refusal(stack: Stack, answer: requests.Response) -> str:
    """Return what Nginx logged of a request."""
    request_id = answer.headers.get("X-Request-ID", "")
    lines = stack.compose("logs", "--tail", "50", "nginx").splitlines()
    return next((line for line in lines if request_id and request_id in line), f"{answer.status_code} {answer.text}")


def images(stack: Stack) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, container in stack.containers().items():
        found.setdefault(name.rsplit("-", 1)[0], set()).add(container["Image"])
    return found


def check_that_no_container_may_do_more_than_it_needs(stack: Stack, _site: Site) -> None:
    for name, container in stack.containers().items():
        if not container["State"]["Running"] or name.startswith("gateway"):
            continue
        require(container["HostConfig"]["ReadonlyRootfs"], f"{name} can write its root")
        tmp = container["HostConfig"]["Tmpfs"]["/tmp"]  # noqa: S108  in the container
        require("size=" in tmp, f"/tmp of {name} has no limit")  # noqa: S108
        allowed = POSTGRES_BITS if name.startswith("postgres") else 0
        for process in stack.engine.docker("top", container["Id"], "-eo", "pid").split()[1:]:
            status = dict(re.findall(r"^(\w+):\t(.*)$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE))
            held = int(status["CapEff"], 16)
            require(held & ~allowed == 0, f"{name} ({status['Name']}) has capabilities {held:x}")
            require(status["Seccomp"] == "2", f"{name} runs without seccomp")
            require(status["NoNewPrivs"] == "1", f"{name} may gain privileges")
            is_root = status["Uid"].split()[0] == "0"
            require(
                not is_root or (allowed and status["Name"] == "docker-init"), f"{name} runs {status['Name']} as root"
            )
    say("no capabilities, seccomp, no new privileges, read-only, limited /tmp, no process of ours as root")


def check_that_images_have_what_they_need_and_no_more(stack: Stack, _site: Site) -> None:
    found = stack.compose("exec", "-T", "web", "sh", "-c", "command -v pip gcc cc g++ make ld; true").strip()
    require(not found, f"in the image of web: {found}")
    require(refused(partial(stack.compose, "exec", "-T", "web", "python", "-m", "pip")), "web has pip")
    for name in ("web", "nginx"):
        labels = stack.containers()[first(stack, name)]["Config"]["Labels"]
        said = [labels[f"org.opencontainers.image.{label}"] for label in ("version", "revision")]
        wanted = "before" if name == "nginx" else "this"  # an upgrade keeps the container of Nginx
        require(said == [wanted, f"revision-of-{wanted}"], f"labels of {name}: {said}")
    listed = "from importlib.metadata import distributions; print(*{f'{d.name}=={d.version}' for d in distributions()})"
    contained = {normal(each) for each in stack.compose("exec", "-T", "web", "python", "-c", listed).split()}
    run(TOOLS / "cyclonedx-py", "requirements", "--output-file", stack.folder / "sbom.json", ROOT / "requirements.lock")
    components = json.loads((stack.folder / "sbom.json").read_text())["components"]
    missing = contained - {normal(f"{each['name']}=={each['version']}") for each in components}
    require(contained and not missing, f"in the image, but not in the list of contents: {missing}")
    say(f"images without pip and compilers, labelled; all {len(contained)} packages are in the list of contents")


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def first(stack: Stack, service: str) -> str:
    """Return the name of a container of a service."""
    return next(name for name in stack.containers() if name.rsplit("-", 1)[0] == service)


def check_that_an_unchanged_start_keeps_every_container(stack: Stack, _site: Site) -> None:
    stack.up("--build")
    before = identities(stack)
    started = time.monotonic()
    stack.up("--build")
    require(identities(stack) == before, f"replaced: {identities(stack).keys() ^ before.keys()}")
    say(f"a second `up --build` kept {len(before)} of {len(before)} containers, in {time.monotonic() - started:.0f} s")


def identities(stack: Stack) -> dict[str, str]:
    return {name: container["Id"] for name, container in stack.containers().items() if container["State"]["Running"]}


def try_a_superuser(stack: Stack, site: Site) -> None:
    password, phone = secrets.token_hex(16), "+79991112200"
    command = ["python", "manage.py", "createsuperuser", "--noinput", "--phone_number", phone]
    stack.compose("exec", "-T", "-e", f"DJANGO_SUPERUSER_PASSWORD={password}", "web", *command)
    expect_status(site.get("/admin/login/"), 200)
    form = {"username": phone, "password": password, "csrfmiddlewaretoken": site.cookies["__Host-csrf"]}
    home = site.post("/admin/login/?next=/admin/", data=form, headers={"Referer": f"{site.address}/admin/login/"})
    expect("/admin/logout/" in expect_status(home, 200).text, "the password of the superuser is refused")
    say("a superuser made by exec entered the panel")


def try_a_new_certificate(stack: Stack, site: Site) -> None:
    def served() -> str:
        command = (
            f"openssl s_client -connect 127.0.0.1:{stack.tls_port} </dev/null 2>/dev/null | openssl x509 -serial -noout"
        )
        return stack.run("sh", "-c", command)

    former, certificates, following = served(), stack.infra / "certs", stack.folder / "following"
    local_nginx.write_certificate(following)
    either = stack.folder / "either.pem"
    either.write_text("".join((folder / "fullchain.pem").read_text() for folder in (certificates, following)))
    outcomes: Counter[object] = Counter()
    over = threading.Event()

    def connect() -> None:
        while not over.wait(_SECONDS_BETWEEN_REQUESTS / 5):
            try:
                requests.get(f"{site.address}/health/live/", verify=str(either), timeout=10)
                outcomes["answered"] += 1
            except requests.RequestException as error:
                outcomes[type(error).__name__] += 1

    thread = threading.Thread(target=connect)
    thread.start()
    try:
        shutil.copytree(following, certificates, dirs_exist_ok=True)
        stack.make_certificate_readable()
        stack.compose("exec", "-T", "nginx", "nginx", "-s", "reload")
        wait_until(lambda: served() != former, otherwise="the former certificate is served")
    finally:
        over.set()
        thread.join()
    require(set(outcomes) == {"answered"}, f"during the change of the certificate: {outcomes}")
    say(f"a new certificate is served: {outcomes['answered']} connections, 0 refused")


def check_that_logs_are_rotated(stack: Stack, site: Site) -> None:
    for _ in range(3 * LOG_BYTES * LOG_FILES // 1_000):
        site.get("/sign-in/")
    for name, container in stack.containers().items():
        if not name.startswith("gateway"):
            options = container["HostConfig"]["LogConfig"]["Config"]
            require(options["max-size"] and options["max-file"], f"logs of {name} grow without limit")
    nginx = stack.containers()[first(stack, "nginx")]
    files = sorted(Path(nginx["LogPath"]).parent.glob("*-json.log*"))
    require(len(files) == LOG_FILES, f"files of the log: {files}")
    require(all(file.stat().st_size < 2 * LOG_BYTES for file in files), "a log file is too large")
    say(f"logs: {len(files)} files of Nginx, none above its size")


def try_a_worker_out_of_memory(stack: Stack, site: Site) -> None:
    name = first(stack, "worker")
    before = stack.containers()[name]["RestartCount"]
    # The kernel ends the process with the highest score: every other one than the script, which takes the memory.
    script = (
        "import contextlib, os, pathlib\n"
        "for process in pathlib.Path('/proc').glob('[0-9]*'):\n"
        "    with contextlib.suppress(OSError):\n"
        "        if int(process.name) != os.getpid(): (process / 'oom_score_adj').write_text('1000')\n"
        "held = b'x' * 700_000_000\n"
    )
    refused(partial(stack.compose, "exec", "-T", "worker", "python", "-c", script))
    wait_until(lambda: stack.containers()[name]["RestartCount"] > before, otherwise="the worker was not started again")
    stack.wait_until_healthy()
    sign_in(site, stack, "+79991112277")
    say("a worker out of memory came back and sent a code")


def try_backup_and_restore(stack: Stack, _site: Site) -> None:
    people = stack.sql("SELECT count(*) FROM users_user")
    dump = stack.infra / stack.run("./backup.sh").strip()
    said = refused(partial(stack.run, "./restore.sh", dump))
    require("The service runs" in said, f"restored while the service runs: {said}")
    stack.compose("stop", "web", "worker", "webhooks", "beat")
    stack.sql("DELETE FROM users_referral; UPDATE users_user SET username = 'changed'")
    cut = stack.infra / "cut.dump"
    cut.write_bytes(dump.read_bytes()[:-3_000])
    said = refused(partial(stack.run, "./restore.sh", cut))
    require("is damaged" in said, f"a truncated dump: {said}")
    require(
        stack.sql("SELECT count(*) FROM users_user WHERE username = 'changed'") == people,
        "a truncated dump changed something",
    )
    stack.run("./restore.sh", dump)
    require(stack.sql("SELECT count(*) FROM users_user WHERE username = 'changed'") == "0", "not restored")
    require(stack.sql("SELECT count(*) FROM users_user") == people, "people are missing")
    require(stack.sql("SELECT count(*) FROM users_referral") == "1", "the referral is missing")
    stack.up()
    say(f"backup of {people} people restored; refused while the service runs; a truncated dump changes nothing")


def check_that_everything_stops_cleanly(stack: Stack, _site: Site) -> None:
    stack.compose("stop")
    codes = {name: container["State"]["ExitCode"] for name, container in stack.containers().items()}
    failed = {name: code for name, code in codes.items() if code and not name.startswith("gateway")}
    if failed:
        raise CheckFailed(f"exit codes: {failed}")
    require("database system is shut down" in stack.compose("logs", "postgres"), "PostgreSQL was not shut down")
    say(f"stopped: {len(codes)} containers, all with exit code 0")
