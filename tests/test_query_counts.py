"""The number of queries of a request does not depend on the number of users or referrals."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.support.api import activate_code
from tests.support.factories import (
    api_client,
    create_user,
    phone_number,
    request_code,
    service_client,
    token_header,
)
from users.models import User

pytestmark = pytest.mark.django_db


def prepared_sign_in(path: str) -> Callable[[User], Callable[[], Any]]:
    def prepare(anna: User) -> Callable[[], Any]:
        phone = str(anna.phone_number)
        body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
        return lambda: APIClient().post(path, body)

    return prepare


def prepared_first_login(anna: User) -> Callable[[], Any]:
    phone = phone_number()
    code = request_code(APIClient(), phone)
    body = {"phone_number": phone, "confirmation_code": code, "used_referral_code": anna.referral_code}
    return lambda: APIClient().post("/api/login/", body)


def prepared_activation(anna: User) -> Callable[[], Any]:
    client = api_client(create_user())
    return lambda: activate_code(client, anna.referral_code)


def prepared_link(anna: User) -> Callable[[], Any]:
    asked = APIClient().post("/api/registration/", {"phone_number": str(anna.phone_number)}).json()
    return lambda: APIClient().post(asked["verify_url"], {"confirmation_code": asked["confirmation_code"]})


def prepared_with_refresh_token(path: str) -> Callable[[User], Callable[[], Any]]:
    def prepare(anna: User) -> Callable[[], Any]:
        refresh = prepared_sign_in("/api/jwt/")(anna)().json()["refresh"]
        return lambda: APIClient().post(path, {"refresh": refresh})

    return prepare


def prepared_saving(method: str) -> Callable[[User], Callable[[], Any]]:
    def prepare(anna: User) -> Callable[[], Any]:
        client = service_client()
        path = "/api/users/" if method == "post" else f"/api/users/{anna.public_id}/"
        body = {"phone_number": phone_number(), "username": "Anna"}
        return lambda: getattr(client, method)(path, body)

    return prepare


def prepared_saving_of_an_invited_person(anna: User) -> Callable[[], Any]:
    client = service_client()
    body = {"phone_number": phone_number(), "referral_code": "ELSEWHERE1", "used_referral_code": anna.referral_code}
    return lambda: client.post("/api/users/", body | {"referral_code": f"C{body['phone_number'][-7:]}"})


def prepared_import(anna: User) -> Callable[[], Any]:
    client = service_client()
    rows = [{"phone_number": phone_number(), "used_referral_code": anna.referral_code} for _ in range(50)]
    return lambda: client.post("/api/users/import/", {"rows": rows})


def get(path: str) -> Callable[[User], Callable[[], Any]]:
    def prepare(anna: User) -> Callable[[], Any]:
        client = api_client(anna)
        return lambda: client.get(path.format(phone_number=anna.phone_number, referral_code=anna.referral_code))

    return prepare


def service_get(path: str) -> Callable[[User], Callable[[], Any]]:
    def prepare(anna: User) -> Callable[[], Any]:
        client = service_client()
        return lambda: client.get(path.format(id=anna.public_id, phone_number=anna.phone_number))

    return prepare


def prepared_introspection(anna: User) -> Callable[[], Any]:
    client, token = service_client(), token_header(anna).removeprefix("Token ")
    return lambda: client.post("/api/introspect/", {"token": token})


def prepared_feed(query: str) -> Callable[[User], Callable[[], Any]]:
    def prepare(_anna: User) -> Callable[[], Any]:
        client = service_client()
        client.get("/api/events/")  # all have their positions
        return lambda: client.get(f"/api/events/{query}")

    return prepare


def prepared_webhook(_anna: User) -> Callable[[], Any]:
    client = service_client()
    client.get("/api/events/")
    return lambda: client.post("/api/webhooks/", {"url": "http://127.0.0.1:9/"})


def prepared_deliveries(anna: User) -> Callable[[], Any]:
    path = f"/api/webhooks/{prepared_webhook(anna)().json()['id']}/"
    client = service_client()
    client.post(f"{path}test/")
    return lambda: client.get(f"{path}deliveries/")


def prepared_registration(_anna: User) -> Callable[[], Any]:
    body = {"phone_number": phone_number()}
    return lambda: APIClient().post("/api/registration/", body)


def prepared_logout(path: str) -> Callable[[User], Callable[[], Any]]:
    def prepare(anna: User) -> Callable[[], Any]:
        client = api_client(anna)
        return lambda: client.post(path)

    return prepare


def prepared_activation_by_number(anna: User) -> Callable[[], Any]:
    newcomer = create_user()
    client, path = api_client(newcomer), f"/api/profile/{newcomer.phone_number}/"
    return lambda: client.patch(path, {"used_referral_code": anna.referral_code})


def prepared_erasure_by_service(anna: User) -> Callable[[], Any]:
    client = service_client()
    return lambda: client.delete(f"/api/users/{anna.public_id}/")


def prepared_erasure(anna: User) -> Callable[[], Any]:
    client = api_client(anna)
    return lambda: client.delete("/api/profile/")


def prepared_export(anna: User) -> Callable[[], Any]:
    client = api_client(anna)

    def read_all() -> Any:
        answer = client.get("/api/profile/export/")
        assert answer.getvalue()
        return answer

    return read_all


def prepared_number_change(anna: User) -> Callable[[], Any]:
    client = api_client(anna)
    return lambda: client.post("/api/profile/phone-number/", {"phone_number": phone_number()})


def prepared_new_number(anna: User) -> Callable[[], Any]:
    client = api_client(anna)
    asked = client.post("/api/profile/phone-number/", {"phone_number": phone_number()}).json()
    body = {"confirmation_code": asked["confirmation_code"]}
    return lambda: client.post("/api/profile/phone-number/confirm/", body)


def prepared_confirmation(anna: User) -> Callable[[], Any]:
    client = api_client(anna)
    code = client.post("/api/profile/confirm/").json()["confirmation_code"]
    return lambda: client.post("/api/profile/confirm/", {"confirmation_code": code})


def prepared_undo(anna: User) -> Callable[[], Any]:
    prepared_new_number(anna)()
    client = service_client()
    return lambda: client.post(f"/api/users/{anna.public_id}/phone-number/undo/")


# Without Redis; limits are counted in the database.
REQUESTS = {
    "registration": (prepared_registration, 13),
    "login": (prepared_sign_in("/api/login/"), 14),
    "first login with a share code": (prepared_first_login, 29),
    "jwt": (prepared_sign_in("/api/jwt/"), 13),
    "profile": (get("/api/profile/"), 2),
    "profile by number": (get("/api/profile/{phone_number}/"), 2),
    "introspection": (prepared_introspection, 3),
    "service": (service_get("/api/service/"), 2),
    "users by number": (service_get("/api/users/?phone_number={phone_number}"), 4),
    "referrals": (get("/api/profile/referrals/"), 2),
    "export": (prepared_export, 14),
    "referral code": (get("/api/referral-codes/{referral_code}/"), 5),
    "activation": (prepared_activation, 19),
    "activation by number": (prepared_activation_by_number, 19),
    "link": (prepared_link, 15),
    "jwt refresh": (prepared_with_refresh_token("/api/jwt/refresh/"), 7),
    "jwt logout": (prepared_with_refresh_token("/api/jwt/logout/"), 7),
    "saving a person": (prepared_saving("post"), 10),
    "import": (prepared_import, 19),
    "saving a person who was invited": (prepared_saving_of_an_invited_person, 25),
    "replacing a person, with a new number": (prepared_saving("put"), 26),
    "changing a person, with a new number": (prepared_saving("patch"), 26),
    "erasure by a service": (prepared_erasure_by_service, 39),
    "health": (get("/health/ready/"), 1),
    "change of number, asking": (prepared_number_change, 15),
    "change of number": (prepared_new_number, 30),
    "change of number, undoing": (prepared_undo, 30),
    "confirming a session": (prepared_confirmation, 16),
    "sessions": (get("/api/sessions/"), 2),
    "sessions of a person": (service_get("/api/users/{id}/sessions/"), 5),
    "logout": (prepared_logout("/api/logout/"), 3),
    "logout everywhere": (prepared_logout("/api/logout/all/"), 4),
    "users": (service_get("/api/users/"), 5),
    "users found": (service_get("/api/users/?search=%2B7999&ordering=phone_number"), 5),
    "users found by name": (service_get("/api/users/?search=anna"), 5),
    "users of an inviter": (service_get("/api/users/?inviter={id}"), 6),
    "users by their own id": (service_get("/api/users/?external_id=shop-42"), 4),
    "users by name": (service_get("/api/users/?username=Anna"), 4),
    "users changed": (service_get("/api/users/?updated_after=2026-01-01T00:00:00Z&ordering=updated_at"), 5),
    "user": (service_get("/api/users/{id}/"), 6),
    "statistics": (service_get("/api/statistics/"), 12),
    "events": (prepared_feed("?page_size=1000"), 5),
    "webhooks": (service_get("/api/webhooks/"), 3),
    "making a webhook": (prepared_webhook, 11),
    "deliveries": (prepared_deliveries, 4),
    "events after a cursor": (prepared_feed("?after=MA&type=person.erased"), 5),
    "erasure": (prepared_erasure, 36),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_number_of_queries_is_constant(name: str) -> None:
    prepare, most = REQUESTS[name]
    counts = []
    for people in (1, 12):
        anna = create_user()
        for _ in range(people):
            create_user(invited_by=anna)
        call = prepare(anna)
        with CaptureQueriesContext(connection) as queries:
            assert call().status_code < 300
        # BEGIN and COMMIT appear only without a wrapping transaction, that is through PgBouncer.
        counts.append(sum(query["sql"] not in ("BEGIN", "COMMIT") for query in queries))

    assert counts[0] == counts[1] <= most
