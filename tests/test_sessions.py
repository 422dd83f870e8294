"""Staying signed in, and signing out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from tests.support.factories import ask_for_code, person, phone_number, sign_up, signed_in, superuser

pytestmark = pytest.mark.django_db


def jwt_login(client: APIClient, phone: str) -> dict[str, str]:
    answer = client.post("/api/jwt/", {"phone_number": phone, "confirmation_code": ask_for_code(client, phone)})
    assert answer.status_code == 200
    return answer.json()


def bearer(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def status_of_profile(client: APIClient) -> int:
    return client.get("/api/profile/").status_code


class TestTokens:
    def test_every_sign_in_has_a_token_of_its_own(self, client: APIClient) -> None:
        phone = phone_number()

        first, second = sign_up(client, phone)["token"], sign_up(client, phone)["token"]

        assert first != second

    def test_only_a_hash_of_the_token_is_stored(self, client: APIClient) -> None:
        token = sign_up(client, phone_number())["token"]

        assert token not in str(AuthToken.objects.values().get())

    def test_signing_out_ends_this_token_only(self, client: APIClient) -> None:
        anna = person()
        here, there = signed_in(anna), signed_in(anna)

        assert here.post("/api/logout/").status_code == 204

        assert status_of_profile(here) == 401
        assert status_of_profile(there) == 200

    def test_signing_out_everywhere_ends_every_session_of_this_person_only(self, client: APIClient) -> None:
        anna, somebody = person(), signed_in(person())
        here, there = signed_in(anna), signed_in(anna)
        jwt = jwt_login(client, str(anna.phone_number))

        assert here.post("/api/logout/all/").status_code == 204

        assert [status_of_profile(each) for each in (here, there, bearer(jwt["access"]))] == [401, 401, 401]
        assert client.post("/api/jwt/refresh/", {"refresh": jwt["refresh"]}).status_code == 401
        assert status_of_profile(somebody) == 200

    def test_saving_somebody_loaded_before_signing_out_everywhere_brings_no_session_back(
        self, client: APIClient
    ) -> None:
        loaded = person()
        jwt = jwt_login(client, str(loaded.phone_number))
        bearer(jwt["access"]).post("/api/logout/all/")

        loaded.save()

        assert status_of_profile(bearer(jwt["access"])) == 401

    def test_one_can_sign_in_again_after_signing_out_everywhere(self, client: APIClient) -> None:
        anna = person()
        signed_in(anna).post("/api/logout/all/")

        assert status_of_profile(signed_in(anna)) == 200
        assert status_of_profile(bearer(jwt_login(client, str(anna.phone_number))["access"])) == 200

    def test_an_expired_token_is_refused(self) -> None:
        anna = signed_in(person())
        AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))

        assert status_of_profile(anna) == 401

    def test_a_disabled_person_is_signed_out_at_once(self, client: APIClient) -> None:
        anna = person()
        by_token, by_jwt = signed_in(anna), bearer(jwt_login(client, str(anna.phone_number))["access"])
        anna.is_active = False
        anna.save()

        assert status_of_profile(by_token) == status_of_profile(by_jwt) == 401

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    @pytest.mark.parametrize("path", ["/api/logout/", "/api/logout/all/"])
    def test_signing_out_is_a_post(self, method: str, path: str) -> None:
        anna = signed_in(person())

        assert getattr(anna, method)(path).status_code == 405
        assert status_of_profile(anna) == 200


class TestJWT:
    def test_signs_in_a_newcomer_like_the_login(self, client: APIClient) -> None:
        phone = phone_number()

        answer = jwt_login(client, phone)

        assert answer["is_new_user"] is True
        assert answer["profile"] == bearer(answer["access"]).get("/api/profile/").json()

    def test_a_refresh_token_works_once(self, client: APIClient) -> None:
        old = jwt_login(client, phone_number())

        new = client.post("/api/jwt/refresh/", {"refresh": old["refresh"]})
        again = client.post("/api/jwt/refresh/", {"refresh": old["refresh"]})

        assert new.status_code == 200
        assert status_of_profile(bearer(new.json()["access"])) == 200
        assert again.status_code == 401
        assert again["WWW-Authenticate"] == "Token, Bearer"
        assert again.json()["code"] == "session_ended"

    def test_signing_out_voids_the_refresh_token(self, client: APIClient) -> None:
        pair = jwt_login(client, phone_number())

        assert client.post("/api/jwt/logout/", {"refresh": pair["refresh"]}).status_code == 204

        assert client.post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 401
        assert client.post("/api/jwt/logout/", {"refresh": pair["refresh"]}).status_code == 401

    def test_signing_out_of_a_token_that_is_a_jwt_says_where_to_go(self, client: APIClient) -> None:
        pair = jwt_login(client, phone_number())

        answer = bearer(pair["access"]).post("/api/logout/")

        assert answer.status_code == 409
        assert answer.json()["code"] == "jwt_session"

    def test_an_access_token_can_not_renew_a_session(self, client: APIClient) -> None:
        pair = jwt_login(client, phone_number())

        assert client.post("/api/jwt/refresh/", {"refresh": pair["access"]}).status_code == 401
        assert status_of_profile(bearer(pair["refresh"])) == 401

    def test_a_disabled_or_erased_person_can_not_renew_a_session(self, client: APIClient) -> None:
        banned, gone = person(), person()
        of_banned, of_gone = (jwt_login(client, str(each.phone_number)) for each in (banned, gone))
        banned.is_active = False
        banned.save()
        bearer(of_gone["access"]).delete("/api/profile/")

        for pair in (of_banned, of_gone):
            assert client.post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 401
            assert status_of_profile(bearer(pair["access"])) == 401

    def test_a_token_that_we_did_not_make_so_is_refused(self, client: APIClient) -> None:
        refresh = RefreshToken()  # ours, but of nobody
        refresh["user_id"] = str(person().pk)

        assert status_of_profile(bearer(str(refresh.access_token))) == 401
        assert client.post("/api/jwt/refresh/", {"refresh": str(refresh)}).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    ["Token", "Token a b", "Token nonsense", "Bearer", "Bearer a.b.c", "Bearer a b", "Basic YTpi", "Token \xff\xfe"],
)
def test_credentials_that_are_none_are_refused(client: APIClient, authorization: str) -> None:
    client.credentials(HTTP_AUTHORIZATION=authorization)

    answer = client.get("/api/profile/")

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
        ("get", "/api/users/"),
        ("post", "/api/users/"),
        ("get", "/api/users/1/"),
        ("put", "/api/users/1/"),
        ("patch", "/api/users/1/"),
        ("delete", "/api/users/1/"),
    ],
)
def test_nobody_gets_further_without_signing_in(client: APIClient, method: str, path: str) -> None:
    assert getattr(client, method)(path).status_code == 401


def test_a_cookie_signs_nobody_in_to_the_api() -> None:
    browser = Client()
    browser.force_login(superuser())

    assert browser.get("/api/profile/").status_code == 401
    assert browser.delete("/api/profile/").status_code == 401


def test_stale_credentials_do_not_stand_in_the_way_of_a_new_sign_in(client: APIClient) -> None:
    client.credentials(HTTP_AUTHORIZATION="Token long-gone")

    assert sign_up(client, phone_number())["is_new_user"] is True
