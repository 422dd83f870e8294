"""JWTs are verified by anybody who has the public keys, and signed by this service alone."""

import json
import stat
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from jwt.utils import base64url_decode
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from common import es256
from tests.support.concurrency import run_concurrently
from tests.support.factories import authorized_client, create_user, phone_number, request_code
from users.models import User

pytestmark = pytest.mark.django_db
JWKS = "/.well-known/jwks.json"
#: What another program does: it has the address of the keys, and neither Django nor this project.
VERIFIER = """
import json, sys
from jwt import PyJWKClient, decode, PyJWTError
address, issuer, *tokens = sys.argv[1:]
keys = PyJWKClient(address)
for token in tokens:
    try:
        key = keys.get_signing_key_from_jwt(token).key
        claims = decode(token, key, algorithms=["ES256"], issuer=issuer, audience=issuer)
    except PyJWTError as failure:
        claims = type(failure).__name__
    print(json.dumps(claims))
"""


def sign_in() -> dict[str, Any]:
    client, phone = APIClient(), phone_number()
    body = {"phone_number": phone, "confirmation_code": request_code(client, phone)}
    answer = client.post("/api/jwt/", body)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def profile(access: str) -> int:
    return authorized_client(f"Bearer {access}").get("/api/profile/").status_code


def refresh(token: str) -> Any:
    return APIClient().post("/api/jwt/refresh/", {"refresh": token})


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def jwt_key(*arguments: str) -> str:
    """Return what the command prints on its last line."""
    out = StringIO()
    call_command("jwt_key", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip().splitlines()[-1]


def forged(access: str, key: Any, algorithm: str = "ES256", **header: str) -> str:
    """Return the token with the same claims, signed by another key."""
    return jwt.encode(claims_of(access), key, algorithm=algorithm, headers=header)


def test_a_token_says_who_issued_it_for_whom_and_in_which_session(settings: Settings) -> None:
    settings.JWT_AUDIENCE = "https://shop.example"
    pair = sign_in()

    renewed = refresh(pair["refresh"]).json()

    claims = claims_of(pair["access"])
    assert claims["iss"] == settings.PUBLIC_URL
    assert claims["aud"] == "https://shop.example"
    person = User.objects.get(phone_number=pair["profile"]["phone_number"])
    assert claims["sub"] == claims_of(renewed["access"])["sub"] == str(person.public_id)
    assert claims["sid"] == claims_of(pair["refresh"])["sid"] == claims_of(renewed["access"])["sid"]
    assert claims["exp"] - claims["iat"] == settings.JWT_ACCESS_LIFETIME_MINUTES * 60
    assert jwt.get_unverified_header(pair["access"])["alg"] == "ES256"
    assert sign_in()["access"] != pair["access"]
    assert profile(renewed["access"]) == 200


@pytest.mark.django_db(transaction=True)
def test_a_program_with_nothing_but_the_address_of_the_keys_verifies_tokens(
    live_server: LiveServer, settings: Settings, tmp_path: Path
) -> None:
    pair = sign_in()
    tokens = [pair["access"], pair["refresh"], pair["access"][:-4] + "AAAA", forged(pair["access"], es256_key())]
    command = [sys.executable, "-I", "-c", VERIFIER, f"{live_server.url}{JWKS}", settings.PUBLIC_URL, *tokens]

    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env={}).stdout

    found, *refused = [json.loads(line) for line in told.splitlines()]
    assert found == claims_of(pair["access"])
    assert refused == ["InvalidAudienceError", "InvalidSignatureError", "PyJWKClientError"]


def es256_key() -> Any:
    return es256.parse(es256.generate()).private


def test_the_published_keys_are_public_and_kept_for_minutes(client: APIClient, settings: Settings) -> None:
    settings.JWT_SIGNING_KEYS = [es256.generate(), es256.generate()]

    answer = client.get(JWKS)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=300"
    assert "Cookie" not in answer.get("Vary", "")
    keys = answer.json()["keys"]
    assert [key["kid"] for key in keys] == [es256.parse(text).kid for text in settings.JWT_SIGNING_KEYS]
    for key in keys:
        assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert len(base64url_decode(key["x"])) == len(base64url_decode(key["y"])) == 32
    assert jwt.get_unverified_header(sign_in()["access"])["kid"] == keys[0]["kid"]


def test_the_keys_are_a_document_for_programs(client: APIClient) -> None:
    wrong = client.post(JWKS)

    assert (wrong.status_code, wrong["Content-Type"]) == (405, "application/problem+json")
    assert client.options(JWKS).status_code in (200, 405)


def test_what_another_key_or_algorithm_signed_is_refused(settings: Settings) -> None:
    own = es256.parse(settings.JWT_SIGNING_KEYS[0])
    access = sign_in()["access"]
    x = base64url_decode(own.jwk["x"])
    forgeries = [
        forged(access, es256_key()),
        forged(access, es256_key(), kid=own.kid),
        forged(access, own.private),  # by the right key, which the header does not name
        forged(access, settings.SECRET_KEY, "HS256"),
        forged(access, settings.SECRET_KEY, "HS256", kid=own.kid),
        forged(access, x + x, "HS256", kid=own.kid),  # public bytes as a secret
        forged(access, None, "none", kid=own.kid),
    ]
    assert profile(forged(access, own.private, kid=own.kid)) == 200

    assert [profile(token) for token in forgeries] == [401] * len(forgeries)
    assert [refresh(token).status_code for token in forgeries] == [401] * len(forgeries)


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "iat", "exp"])
def test_a_token_without_a_claim_or_for_others_is_refused(settings: Settings, claim: str) -> None:
    own = es256.parse(settings.JWT_SIGNING_KEYS[0])
    claims = claims_of(sign_in()["access"])
    without = {name: value for name, value in claims.items() if name != claim}

    assert profile(own.sign(claims)) == 200
    assert profile(own.sign(without)) == 401
    if claim in ("iss", "aud"):
        assert profile(own.sign({**claims, claim: "https://other.example"})) == 401


class TestRotation:
    def test_three_steps_end_no_session(self, settings: Settings) -> None:
        before = sign_in()
        former = settings.JWT_SIGNING_KEYS

        settings.JWT_SIGNING_KEYS = jwt_key("add").split(",")
        assert settings.JWT_SIGNING_KEYS[:-1] == former
        between = sign_in()
        settings.JWT_SIGNING_KEYS = jwt_key("promote").split(",")
        after = sign_in()

        for pair in (before, between, after):
            assert profile(pair["access"]) == 200
        renewed = [refresh(pair["refresh"]).json() for pair in (before, between, after)]
        settings.JWT_SIGNING_KEYS = jwt_key("drop").split(",")
        assert [profile(pair["access"]) for pair in renewed] == [200] * 3
        assert [profile(pair["access"]) for pair in (before, between, after)] == [401, 401, 200]
        assert refresh(sign_in()["refresh"]).status_code == 200

    def test_after_a_leak_one_new_key_ends_every_session(self, settings: Settings) -> None:
        leaked = sign_in()

        settings.JWT_SIGNING_KEYS = jwt_key("new").split(",")

        assert profile(leaked["access"]) == 401
        assert refresh(leaked["refresh"]).json()["code"] == "session_ended"
        assert profile(sign_in()["access"]) == 200

    def test_the_list_shows_ids_and_no_key(self, settings: Settings) -> None:
        settings.JWT_SIGNING_KEYS = jwt_key("add").split(",")
        out = StringIO()

        call_command("jwt_key", "list", stdout=out)

        first, second = (es256.parse(text).kid for text in settings.JWT_SIGNING_KEYS)
        assert out.getvalue().splitlines() == [f"{first}  signs", f"{second}  verifies"]

    @pytest.mark.parametrize("step", ["promote", "drop"])
    def test_a_step_that_would_leave_no_key_is_refused(self, step: str) -> None:
        with pytest.raises(CommandError, match="one key only"):
            jwt_key(step)

    @pytest.mark.parametrize("step", ["add", "list"])
    def test_a_key_that_is_none_is_refused_and_not_quoted(self, settings: Settings, step: str) -> None:
        settings.JWT_SIGNING_KEYS = ["bm90IGEga2V5"]

        with pytest.raises(CommandError, match="not a private key on the curve P-256") as refused:
            jwt_key(step)

        assert "bm90" not in str(refused.value)

    def test_a_key_that_openssl_made_is_taken(self, settings: Settings) -> None:
        command = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER | base64 -w0"
        made = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout

        settings.JWT_SIGNING_KEYS = [made]

        assert profile(sign_in()["access"]) == 200


class TestDevelopment:
    def test_a_key_is_made_once_and_kept(self, settings: Settings, tmp_path: Path) -> None:
        settings.JWT_SIGNING_KEYS = []
        settings.JWT_DEVELOPMENT_KEY_FILE = file = tmp_path / "jwt_signing_key"
        access = sign_in()["access"]
        kept = file.read_text()

        settings.JWT_DEVELOPMENT_KEY_FILE = tmp_path / "elsewhere" / ".." / "jwt_signing_key"  # a restarted server
        (tmp_path / "elsewhere").mkdir()

        assert profile(access) == 200
        assert file.read_text() == kept
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["jwt_signing_key"]

    def test_processes_that_start_together_make_one_key(self, settings: Settings, tmp_path: Path) -> None:
        settings.JWT_SIGNING_KEYS = []
        settings.JWT_DEVELOPMENT_KEY_FILE = tmp_path / "jwt_signing_key"

        printed = run_concurrently(*[lambda: jwt_key("add")] * 8)

        assert len({line.split(",")[0] for line in printed}) == 1

    def test_outside_of_debug_none_is_made(self, settings: Settings) -> None:
        settings.JWT_SIGNING_KEYS = []
        settings.JWT_DEVELOPMENT_KEY_FILE = None

        with pytest.raises(CommandError, match="JWT_SIGNING_KEYS is empty"):
            jwt_key("list")


class TestTokensOfTheReleaseBefore:
    """Signed by HS256 and SECRET_KEY, with other names of claims."""

    def issue(self, user: User, key: str, **claims: Any) -> str:
        now = int(timezone.now().timestamp())
        own = {"token_type": "refresh", "iat": now, "exp": now + 30 * 86_400, "jti": "5f" * 16, "family": "6a" * 16}
        return jwt.encode({**own, "user_id": str(user.pk), "epoch": user.session_epoch, **claims}, key, "HS256")

    def test_a_refresh_token_is_exchanged_until_the_day_that_was_set(
        self, settings: Settings, clock: time_machine.Traveller
    ) -> None:
        settings.JWT_FORMER_REFRESH_UNTIL = timezone.now().date() + timedelta(days=10)
        anna, boris = create_user(), create_user()
        of_anna, of_boris = (
            self.issue(anna, settings.SECRET_KEY),
            self.issue(boris, settings.SECRET_KEY, family="7b" * 16),
        )

        pair = refresh(of_anna).json()
        assert refresh(of_anna).json()["refresh"] == pair["refresh"]
        assert profile(pair["access"]) == 200
        assert jwt.get_unverified_header(pair["refresh"])["alg"] == "ES256"

        clock.shift(timedelta(days=11))
        assert refresh(of_boris).json()["code"] == "session_ended"
        assert refresh(pair["refresh"]).status_code == 200

    def test_without_a_day_none_is_exchanged(self, settings: Settings) -> None:
        assert settings.JWT_FORMER_REFRESH_UNTIL is None

        assert refresh(self.issue(create_user(), settings.SECRET_KEY)).status_code == 401

    def test_a_fallback_of_the_secret_key_counts_and_another_key_does_not(self, settings: Settings) -> None:
        settings.JWT_FORMER_REFRESH_UNTIL = timezone.now().date()
        settings.SECRET_KEY_FALLBACKS = ["f" * 50]
        anna = create_user()

        assert refresh(self.issue(anna, "g" * 50)).status_code == 401
        assert refresh(self.issue(anna, "f" * 50)).status_code == 200

    def test_an_access_token_is_no_longer_one(self, settings: Settings) -> None:
        settings.JWT_FORMER_REFRESH_UNTIL = timezone.now().date()
        access = self.issue(create_user(), settings.SECRET_KEY, token_type="access")

        assert profile(access) == 401
        assert refresh(access).status_code == 401

    def test_the_copy_of_a_used_one_ends_the_session(self, settings: Settings, clock: time_machine.Traveller) -> None:
        settings.JWT_FORMER_REFRESH_UNTIL = timezone.now().date() + timedelta(days=10)
        old = self.issue(create_user(), settings.SECRET_KEY)
        successor = refresh(old).json()["refresh"]
        clock.shift(60)

        assert refresh(old).status_code == refresh(successor).status_code == 401
