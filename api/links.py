"""Links of the OpenAPI document (OpenAPI 3.1, "Link Object"): what of an answer the next operation takes."""

from dataclasses import dataclass, field
from typing import Any

_NUMBER, _CODE = "phone_number", "confirmation_code"


@dataclass(frozen=True)
class _Link:
    """An operation, and where the answer has its parameters and the members of its body (JSON pointers, RFC 6901)."""

    to: str
    parameters: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    description: str = ""

    def described(self) -> dict[str, Any]:
        link: dict[str, Any] = {"operationId": self.to}
        if self.description:
            link["description"] = self.description
        if self.parameters:
            link["parameters"] = {name: _in_answer(place) for name, place in self.parameters.items()}
        if self.body:
            link["requestBody"] = {name: _in_answer(place) for name, place in self.body.items()}
        return link


def _in_answer(place: str) -> str:
    return f"$response.body#{place}"


def _of_profile(at: str = "") -> tuple[_Link, ...]:
    return (
        _Link("getProfileByPhone", {_NUMBER: f"{at}/{_NUMBER}"}),
        _Link("changeProfileByPhone", {_NUMBER: f"{at}/{_NUMBER}"}),
        _Link("getReferralCode", {"referral_code": f"{at}/referral_code"}),
    )


_WHILE_EXPOSED = "While codes are exposed; in production the code is in the message."
_WITH_NUMBER_AND_CODE = {_NUMBER: f"/{_NUMBER}", _CODE: f"/{_CODE}"}
_OF_JWT = (_Link("renewJWT", body={"refresh": "/refresh"}), _Link("signOutOfJWT", body={"refresh": "/refresh"}))
_OF_USER = tuple(
    _Link(operation, {"id": "/id"})
    for operation in ("getUser", "changeUser", "replaceUser", "eraseUser", "listUserSessions", "endUserSessions")
)
_OF_WEBHOOK = (
    *(
        _Link(operation, {"id": "/id"})
        for operation in (
            "getWebhook",
            "changeWebhook",
            "deleteWebhook",
            "replaceWebhookSecret",
            "testWebhook",
            "listDeliveries",
        )
    ),
    _Link("replayEvents", {"id": "/id"}, {"since": "/created_at"}),
)
_FROM = {
    "requestCode": (
        _Link("signIn", body=_WITH_NUMBER_AND_CODE, description=_WHILE_EXPOSED),
        _Link("signInForJWT", body=_WITH_NUMBER_AND_CODE, description=_WHILE_EXPOSED),
        _Link(
            "signInByLink",
            {"verification_token": "/verification_token"},
            {_CODE: f"/{_CODE}"},
            description=_WHILE_EXPOSED,
        ),
    ),
    "signIn": _of_profile("/profile"),
    "signInByLink": _of_profile("/profile"),
    "signInForJWT": (*_OF_JWT, *_of_profile("/profile")),
    "renewJWT": _OF_JWT,
    "listSessions": (_Link("endSession", {"id": "/0/id"}),),
    "getProfile": _of_profile(),
    "changeProfile": _of_profile(),
    "createUser": _OF_USER,
    "getUser": (*_OF_USER, _Link("undoNumberChange", {"id": "/id"}, description="Within seven days of a change.")),
    "createWebhook": _OF_WEBHOOK,
    "listUsers": (_Link("getUser", {"id": "/results/0/id"}),),
}


def of(operation_id: str) -> dict[str, Any]:
    """Return the links of a successful answer of an operation, by the operation that each leads to."""
    return {link.to: link.described() for link in _FROM.get(operation_id, ())}
