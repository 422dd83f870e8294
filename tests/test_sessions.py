"""API sessions: tokens, JWT and sign-out."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from tests.support.factories import (
    api_client,
    authorized_client,
    create_superuser,
    create_user,
    create_users,
    phone_number,
    request_code,
    sign_up,
)

pytestmark = pytest.mark.django_db


def jwt_login(client: APIClient, phone: str) -> dict[str, str]:
    answer = client.post("/api/jwt/", {"phone_number": phone, "confirmation_code": request_code(client, phone)})
    assert answer.status_code == 200
    return answer.json()


def jwt_client(access: str) -> APIClient:
    return authorized_client(f"Bearer {access}")


def status_of_profile(client: APIClient) -> int:
    return client.get("/api/profile/").status_code


class TestTokens:
    def test_every_sign_in_creates_a_token(self, client: APIClient) -> None:
        phone = phone_number()

        first, second = sign_up(client, phone)["token"], sign_up(client, phone)["token"]

        assert first != second

    def test_only_a_hash_of_the_token_is_stored(self, client: APIClient) -> None:
        token = sign_up(client, phone_number())["token"]

        assert token not in str(AuthToken.objects.values().get())

    @pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer", "TOKEN"])
    def test_a_token_is_taken_after_either_scheme(self, client: APIClient, scheme: str) -> None:
        signed_in = sign_up(client, phone_number())
        session = authorized_client(f"{scheme} {signed_in['token']}")

        assert session.get("/api/profile/").json() == signed_in["profile"]
        assert session.post("/api/logout/").status_code == 204

        assert session.get("/api/profile/").json()["code"] == "session_ended"

    def test_sign_out_ends_this_token_only(self) -> None:
        anna = create_user()
        here, there = api_client(anna), api_client(anna)

        assert here.post("/api/logout/").status_code == 204

        assert status_of_profile(here) == 401
        assert status_of_profile(there) == 200

    def test_sign_out_everywhere_ends_all_sessions_of_this_user_only(self, client: APIClient) -> None:
        anna, other = create_user(), api_client(create_user())
        here, there = api_client(anna), api_client(anna)
        jwt = jwt_login(client, str(anna.phone_number))

        assert here.post("/api/logout/all/").status_code == 204

        assert [status_of_profile(each) for each in (here, there, jwt_client(jwt["access"]))] == [401, 401, 401]
        assert client.post("/api/jwt/refresh/", {"refresh": jwt["refresh"]}).status_code == 401
        assert status_of_profile(other) == 200

    def test_saving_a_stale_user_does_not_restore_sessions(self, client: APIClient) -> None:
        loaded = create_user()
        jwt = jwt_login(client, str(loaded.phone_number))
        jwt_client(jwt["access"]).post("/api/logout/all/")

        loaded.save()

        assert status_of_profile(jwt_client(jwt["access"])) == 401

    def test_sign_in_works_after_sign_out_everywhere(self, client: APIClient) -> None:
        anna = create_user()
        api_client(anna).post("/api/logout/all/")

        assert status_of_profile(api_client(anna)) == 200
        assert status_of_profile(jwt_client(jwt_login(client, str(anna.phone_number))["access"])) == 200

    def test_expired_token_is_refused(self) -> None:
        anna = api_client(create_user())
        AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=settings.CLOCK_LEEWAY_SECONDS + 1))

        assert status_of_profile(anna) == 401

    def test_disabling_a_user_ends_their_sessions(self, client: APIClient) -> None:
        anna = create_user()
        by_token, by_jwt = api_client(anna), jwt_client(jwt_login(client, str(anna.phone_number))["access"])
        anna.is_active = False
        anna.save()

        assert status_of_profile(by_token) == status_of_profile(by_jwt) == 401

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    @pytest.mark.parametrize("path", ["/api/logout/", "/api/logout/all/"])
    def test_sign_out_requires_post(self, method: str, path: str) -> None:
        anna = api_client(create_user())

        assert getattr(anna, method)(path).status_code == 405
        assert status_of_profile(anna) == 200


class TestJWT:
    def test_jwt_sign_in_creates_a_user_like_login(self, client: APIClient) -> None:
        phone = phone_number()

        answer = jwt_login(client, phone)

        assert answer["is_new_user"] is True
        assert answer["profile"] == jwt_client(answer["access"]).get("/api/profile/").json()

    def test_refresh_token_works_once(self, client: APIClient, clock: time_machine.Traveller) -> None:
        old = jwt_login(client, phone_number())

        new = client.post("/api/jwt/refresh/", {"refresh": old["refresh"]})
        clock.shift(11)
        again = client.post("/api/jwt/refresh/", {"refresh": old["refresh"]})

        assert new.status_code == 200
        assert status_of_profile(jwt_client(new.json()["access"])) == 200
        assert again.status_code == 401
        assert again["WWW-Authenticate"] == "Token, Bearer"
        assert again.json()["code"] == "session_ended"

    def test_sign_out_blacklists_the_refresh_token(self, client: APIClient) -> None:
        pair = jwt_login(client, phone_number())

        assert client.post("/api/jwt/logout/", {"refresh": pair["refresh"]}).status_code == 204

        assert client.post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 401
        assert client.post("/api/jwt/logout/", {"refresh": pair["refresh"]}).status_code == 401

    def test_token_sign_out_with_a_jwt_names_the_jwt_endpoint(self, client: APIClient) -> None:
        pair = jwt_login(client, phone_number())

        answer = jwt_client(pair["access"]).post("/api/logout/")

        assert answer.status_code == 409
        assert answer.json()["code"] == "jwt_session"

    def test_access_token_cannot_refresh(self, client: APIClient) -> None:
        pair = jwt_login(client, phone_number())

        assert client.post("/api/jwt/refresh/", {"refresh": pair["access"]}).status_code == 401
        assert status_of_profile(jwt_client(pair["refresh"])) == 401

    def test_disabled_or_erased_user_cannot_refresh(self, client: APIClient) -> None:
        banned, gone = create_users(2)
        of_banned, of_gone = (jwt_login(client, str(each.phone_number)) for each in (banned, gone))
        banned.is_active = False
        banned.save()
        jwt_client(of_gone["access"]).delete("/api/profile/")

        for pair in (of_banned, of_gone):
            assert client.post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 401
            assert status_of_profile(jwt_client(pair["access"])) == 401

    def test_signed_jwt_without_session_claims_is_refused(self, client: APIClient) -> None:
        refresh = RefreshToken()  # signed with our key, but not bound to a session
        refresh["sub"] = str(create_user().public_id)

        assert status_of_profile(jwt_client(str(refresh.access_token))) == 401
        assert client.post("/api/jwt/refresh/", {"refresh": str(refresh)}).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "Token",
        "Token a b",
        "Token nonsense",
        "Bearer",
        "Token a.b.c",
        "Bearer a.b.c",
        "Bearer a b",
        "Bearer nonsense",
        "Basic YTpi",
        "Token \xff\xfe",
    ],
)
def test_malformed_credentials_are_refused(authorization: str) -> None:
    answer = authorized_client(authorization).get("/api/profile/")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token, Bearer"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/logout/"),
        ("post", "/api/logout/all/"),
        ("get", "/api/profile/"),
        ("patch", "/api/profile/"),
        ("delete", "/api/profile/"),
        ("get", "/api/profile/referrals/"),
        ("get", "/api/profile/+79991234567/"),
        ("patch", "/api/profile/+79991234567/"),
    ],
)
def test_protected_endpoints_require_authentication(client: APIClient, method: str, path: str) -> None:
    assert getattr(client, method)(path).status_code == 401


def test_session_cookie_does_not_authenticate_in_the_api() -> None:
    browser = Client()
    browser.force_login(create_superuser())

    assert browser.get("/api/profile/").status_code == 401
    assert browser.delete("/api/profile/").status_code == 401


def test_stale_credentials_do_not_prevent_sign_in() -> None:
    client = authorized_client("Token long-gone")

    assert sign_up(client, phone_number())["is_new_user"] is True
