"""Time the way from a clone to the first success: `python3 -m benchmarks.newcomer [REPOSITORY]`.

Needs git, make and Python.
Clones into an empty directory, runs `make run` and does the main job by HTTP, as the README says: Anna signs in, Boris
signs in, enters her invite code, and she sees him. Prints the seconds of each step; everything is deleted afterwards.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

PATIENCE_SECONDS = 900
HERE = Path(__file__).parent.parent
ANNA, BORIS = "+79161234567", "+79167654321"


def main(repository: str) -> None:
    start = last = time.monotonic()

    def done(step: str) -> None:
        nonlocal last
        now = time.monotonic()
        print(f"{now - last:6.1f} s  {step}", flush=True)
        last = now

    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", repository, str(clone)], check=True)
        done("git clone")
        host = f"127.0.0.1:{free_port()}"
        # A newcomer has no settings, and no packages of this repository.
        kept = {
            name: os.environ[name] for name in os.environ if name.startswith(("PATH", "HOME", "LANG", "PIP_", "SSL_"))
        }
        server = subprocess.Popen(["make", "run", f"HOST={host}"], cwd=clone, env=kept, start_new_session=True)
        try:
            wait_for(f"http://{host}/health/live/", server)
            done("make run: the server answers")
            do_the_main_job(f"http://{host}/api")
            done("the main job by HTTP")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait()
    print(f"{last - start:6.1f} s  from the clone to the first success")


def do_the_main_job(api: str) -> None:
    anna, boris = sign_in(api, ANNA), sign_in(api, BORIS)
    invite = {"used_referral_code": anna["profile"]["referral_code"]}
    call("PATCH", f"{api}/profile/", invite, token=boris["token"])
    profile = call("GET", f"{api}/profile/", token=anna["token"])
    if profile["referrals"] != [BORIS]:
        sys.exit(f"Anna does not see Boris: {profile}")


def sign_in(api: str, phone_number: str) -> dict[str, Any]:
    asked = call("POST", f"{api}/registration/", {"phone_number": phone_number})
    code = {"phone_number": phone_number, "confirmation_code": asked["confirmation_code"]}
    return call("POST", f"{api}/login/", code)


def call(method: str, url: str, body: dict[str, str] | None = None, *, token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Token {token}"} if token else {})}
    data = json.dumps(body).encode() if body else None
    with urlopen(Request(url, data, headers, method=method), timeout=60) as answer:
        result: dict[str, Any] = json.load(answer)
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(URLError, OSError), urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    sys.exit("`make run` has ended." if server.poll() is not None else f"No answer in {PATIENCE_SECONDS} s.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(HERE))
