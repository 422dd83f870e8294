"""A client that uses every feature and causes every kind of error, to test that logs hold no secrets."""

import re
import secrets
import socket
from hashlib import sha256
from itertools import count
from string import ascii_letters
from typing import Any
from urllib.parse import quote

import psycopg2
import requests
from celery import Celery

from infra.local_nginx import Nginx
from infra.try_stack import ADMIN_PASSWORD, ADMIN_PHONE
from tests.support.fake_gateways import Gateway
from tests.support.servers import PATIENCE_SECONDS

CODE = re.compile(r"\d{8}")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GATEWAY_PASSWORD = "g4teway-p4ssword"
UNKNOWN_UUID = "5d9c1b7e-64f0-4a52-9a3e-0f1e2d3c4b5a"


class Run:
    """Uses every feature and collects the secrets that must not appear in a log."""

    def __init__(self, nginx: Nginx, gateway: Gateway, broker: str, database: str) -> None:
        self.secrets: set[str] = {ADMIN_PASSWORD, GATEWAY_PASSWORD}
        self.request_ids: dict[str, str] = {}
        self._url = f"http://127.0.0.1:{nginx.port}"
        self._web_port, self._gateway, self._broker, self._database = nginx.web_port, gateway, broker, database
        self._numbers = (f"+7916555{number:04}" for number in count(1201))
        self._anonymous = self._browser()
        self._keep_number(ADMIN_PHONE)

    def run_all(self) -> None:
        anna, boris = self.sign_in(), self.sign_in(refusals=True)
        self.use_the_profile(boris, anna["profile"]["referral_code"])
        self.sign_in_by_link()
        self.use_jwt()
        self.sign_in_on_the_web()
        self.search_as_staff()
        self.send_invalid_requests()
        self.cause_errors()

    def number(self) -> str:
        return self._keep_number(next(self._numbers))

    def request_code(self, number: str) -> tuple[str, str]:
        """Return the code from the message and the token of the verification link."""
        typed = f"8 ({number[2:5]}) {number[5:8]}-{number[8:10]}-{number[10:]}"
        answer = self._post("/api/registration/", {"phone_number": typed, "username": "Анна"}, status=202)
        self.request_ids["registration"] = answer.headers["X-Request-ID"]
        (link,) = UUID.findall(answer.json()["verify_url"])
        return self._code_sent_to(number), self._keep(link)

    def sign_in(self, *, refusals: bool = False) -> Any:
        number = self.number()
        code, _ = self.request_code(number)
        if refusals:
            self._post("/api/registration/", {"phone_number": number}, status=429)
            for wrong in (f"{(int(code) + 1) % 10**8:08}", f"{(int(code) + 2) % 10**8:08}"):
                self.secrets.add(wrong)
                self._post("/api/login/", {"phone_number": number, "confirmation_code": wrong}, status=400)
        session = self._post("/api/login/", {"phone_number": number, "confirmation_code": code}, status=200).json()
        self.secrets.add(session["token"])
        return session

    def sign_in_by_link(self) -> None:
        code, link = self.request_code(self.number())
        self._post(f"/api/verify/{link}/", {"confirmation_code": "1"}, status=400)
        session = self._post(f"/api/verify/{link}/", {"confirmation_code": code}, status=200).json()
        self.secrets.add(session["token"])
        mine = self._authorized(f"Token {session['token']}")
        self._expect(204, mine.delete(f"{self._url}/api/profile/"))
        self._expect(401, mine.get(f"{self._url}/api/profile/"))

    def use_the_profile(self, session: Any, referral_code: str) -> None:
        mine = self._authorized(f"Token {session['token']}")
        number = session["profile"]["phone_number"]
        profile = f"{self._url}/api/profile/"
        self._expect(200, mine.patch(profile, json={"used_referral_code": referral_code}))
        for path in (f"{number}/", f"{quote(number)}/?search={quote(number)}", "referrals/"):
            self._expect(200, mine.get(profile + path))
        for stranger in (self.number(), quote(self.number()), self.number()[1:], self.number()[2:]):
            self._expect(404, mine.get(f"{profile}{stranger}/"))
        self._expect(404, mine.get(f"{self._url}/api/profil/{number}"))

    def use_jwt(self) -> None:
        number = self.number()
        code, _ = self.request_code(number)
        login = self._post("/api/jwt/", {"phone_number": number, "confirmation_code": code}, status=200)
        pair = self._keep_jwt(login.json())
        self._expect(200, self._authorized(f"Bearer {pair['access']}").get(f"{self._url}/api/profile/"))
        self._expect(401, self._authorized(f"Bearer {pair['access'][:-3]}").get(f"{self._url}/api/profile/"))
        renewed = self._keep_jwt(self._post("/api/jwt/refresh/", {"refresh": pair["refresh"]}, status=200).json())
        self._keep_jwt(self._post("/api/jwt/refresh/", {"refresh": pair["refresh"]}, status=200).json())
        self._post("/api/jwt/logout/", {"refresh": renewed["refresh"]}, status=204)
        self._post("/api/jwt/refresh/", {"refresh": renewed["refresh"]}, status=401)

    def sign_in_on_the_web(self) -> None:
        number, browser = self.number(), self._browser()
        sign_in, redeem = f"{self._url}/sign-in/", f"{self._url}/sign-in/code/"
        page = self._expect(200, browser.get(f"{sign_in}?phone_number={quote(number)}"))
        self._expect(200, browser.post(sign_in, data={"phone_number": number, **self._csrf_token(page)}))
        code = self._code_sent_to(number)
        page = self._expect(200, browser.get(redeem))
        wrong = self._keep(f"{(int(code) + 1) % 10**8:08}")
        page = browser.post(redeem, data={"confirmation_code": wrong, **self._csrf_token(page)})
        page = browser.post(redeem, data={"confirmation_code": code, **self._csrf_token(page)})
        assert page.url.endswith("/profile/"), page.url
        for answer in (*page.history, page):
            self._keep(*(str(cookie.value) for cookie in answer.cookies))
        self._keep(*(str(cookie.value) for cookie in browser.cookies if len(str(cookie.value)) > len("light")))

    def search_as_staff(self) -> None:
        """Use panel and API: wrong password, missing CSRF token, search by number, a number already taken."""
        panel = self._browser()
        login = f"{self._url}/admin/login/"
        form = {"username": ADMIN_PHONE, "password": self._keep("wr0ng-p4ssword-of-staff")}
        self._expect(403, panel.post(login, data=form))
        panel.get(login)
        self._keep(panel.cookies["csrf"])
        wrong = panel.post(login, data={**form, "csrfmiddlewaretoken": panel.cookies["csrf"]})
        assert "/admin/logout/" not in self._expect(200, wrong).text
        form["password"] = ADMIN_PASSWORD
        home = panel.post(f"{login}?next=/admin/", data={**form, "csrfmiddlewaretoken": panel.cookies["csrf"]})
        assert "/admin/logout/" in self._expect(200, home).text
        for cookie in panel.cookies:
            self._keep(str(cookie.value))
        self._csrf_token(home)
        taken = next(iter(sorted(self._numbers_of_people())))
        for path in ("", "export/"):
            self._expect(200, panel.get(f"{self._url}/admin/users/user/{path}?q={quote(taken)}"))

        service = self._authorized(f"Key {self._service_key()}")
        people = f"{self._url}/api/users/"
        self._expect(200, service.get(f"{people}?search={quote(taken)}"))
        # Violates a unique constraint; the error message of the database contains the number.
        added = self._expect(201, service.post(people, json={"phone_number": self.number()})).json()
        self._expect(409, service.patch(f"{people}{added['id']}/", json={"phone_number": taken}))

    def send_invalid_requests(self) -> None:
        self._post("/api/login/", {"phone_number": f"{self.number()}x", "confirmation_code": "12"}, status=400)
        self._expect(400, self._anonymous.get(f"{self._url}/api/profile/", headers={"Host": "evil.example"}))
        number = self.number()
        for nonsense in (f"GET /api/profile/{number}/ HTTP/9.9", f"\x00/api/{number}", f"GET {number}"):
            with socket.create_connection(("127.0.0.1", self._web_port)) as raw:
                raw.sendall(f"{nonsense}\r\nHost: localhost\r\n\r\n".encode())
                raw.recv(1024)

    def cause_errors(self) -> None:
        # The gateway fails once and the worker retries.
        self._gateway.failures_to_come = 1
        self.request_code(self.number())
        # A task that this worker does not know: Celery logs its whole content.
        text = "Your code is 76543210. Tell it to nobody."
        self.secrets.add("76543210")
        gone = Celery(broker=self._broker, set_as_current=False)
        gone.send_task("users.tasks.of_another_release", kwargs={"phone_number": self.number(), "text": text})
        # An unknown constraint: its error message quotes the whole row.
        number = self.number()
        code, _ = self.request_code(number)
        self._sql("ALTER TABLE users_user ADD CONSTRAINT unheard_of CHECK (username <> 'Анна') NOT VALID")
        broken = self._anonymous.post(
            f"{self._url}/api/login/",
            json={"phone_number": number, "confirmation_code": code},
            timeout=PATIENCE_SECONDS,
        )
        assert self._expect(500, broken).json()["request_id"] == broken.headers["X-Request-ID"]
        self.request_ids["defect"] = broken.headers["X-Request-ID"]

    def request_without_application(self) -> None:
        """Send requests to nginx after gunicorn has stopped."""
        for path in (f"/api/profile/{self.number()}/", f"/api/verify/{self._keep(str(UNKNOWN_UUID))}/"):
            answer = self._expect(502, self._anonymous.get(f"{self._url}{path}"))
            assert answer.json()["request_id"] == answer.headers["X-Request-ID"]

    def _code_sent_to(self, number: str) -> str:
        (code,) = {*CODE.findall(self._gateway.message_to(number))}  # the last line repeats it for the browser
        return self._keep(code)

    def _csrf_token(self, page: requests.Response) -> dict[str, str]:
        return {"csrfmiddlewaretoken": self._keep(*re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text))}

    def _keep(self, *secrets: str) -> str:
        self.secrets |= set(secrets)
        return secrets[-1] if secrets else ""

    def _keep_number(self, number: str) -> str:
        """Collect a number in every spelling."""
        operator, a, b, c = number[2:5], number[5:8], number[8:10], number[10:]
        national = (f"{operator}{a}{b}{c}", f"({operator}) {a}-{b}-{c}", f"{operator} {a} {b} {c}", f"{a}-{b}-{c}")
        self.secrets |= {number, number[1:], quote(number), *national}
        return number

    def _keep_jwt(self, pair: dict[str, str]) -> dict[str, str]:
        for name in ("access", "refresh"):
            self._keep(pair[name], *pair[name].split(".")[1:])
        return pair

    def _numbers_of_people(self) -> list[str]:
        with psycopg2.connect(self._database) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT phone_number FROM users_user WHERE NOT is_staff")
            return [number for (number,) in cursor]

    def _service_key(self) -> str:
        prefix, secret = "rsk_fullrun1", "".join(secrets.choice(ascii_letters) for _ in range(43))
        digest = sha256(f"{prefix}_{secret}".encode()).hexdigest()
        self._sql(
            f"""
            WITH account AS (
                INSERT INTO users_serviceaccount (name, scopes, created_at, is_active)
                VALUES ('shop', '["people:read", "people:write"]', now(), true) RETURNING id
            )
            INSERT INTO users_servicekey (account_id, prefix, digest, created_at, expires_at, networks)
            SELECT id, '{prefix}', '{digest}', now(), now() + interval '1 day', '[]' FROM account
            """
        )
        self._keep(secret)
        return f"{prefix}_{secret}"

    def _sql(self, statement: str) -> None:
        with psycopg2.connect(self._database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _browser(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        return session

    def _authorized(self, authorization: str) -> requests.Session:
        session = self._browser()
        session.headers["Authorization"] = authorization
        return session

    def _post(self, path: str, body: dict[str, str], *, status: int) -> requests.Response:
        return self._expect(status, self._anonymous.post(f"{self._url}{path}", json=body, timeout=PATIENCE_SECONDS))

    def _expect(self, status: int, answer: requests.Response) -> requests.Response:
        assert answer.status_code == status, f"{answer.request.method} {answer.url}: {answer.text[:500]}"
        return answer
