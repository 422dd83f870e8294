"""Sign-in: requesting a confirmation code and redeeming it."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from api import idempotency
from api.forwarded import CLIENT_ADDRESS, signing_in_ip_of
from api.schema import document
from api.serializers import (
    JWTSessionSerializer,
    LoginSerializer,
    ProfileSerializer,
    RegistrationSerializer,
    SentCodeSerializer,
    SessionSerializer,
    VerificationSerializer,
)
from api.views.public import PublicView
from users.people.jwt_sessions import open_jwt_session
from users.people.open_sessions import Device, device_of
from users.people.sessions import open_token_session
from users.refusals import VerificationLinkInvalid
from users.services import forwarding
from users.services.idempotency import REFUSALS as REFUSALS_OF_KEYS
from users.sign_in import redeeming, sending
from users.sign_in.first_sign_in import SignIn


class RegistrationView(PublicView):
    @document(
        operation_id="requestCode",
        tag="sign-in",
        summary="Ask for a code",
        description="Sends a code to the phone; the one before is void. The answer is the same for every number, "
        "whether somebody is registered with it or not. The name is for a first sign-in, and counts only if the same "
        "client redeems the code: from the same address, or by the link. Better send it with the code.",
        request=RegistrationSerializer,
        answers={status.HTTP_202_ACCEPTED: SentCodeSerializer},
        parameters=[CLIENT_ADDRESS, idempotency.PARAMETER],
        refusals=(*sending.SENDING_REFUSALS, *forwarding.REFUSALS, *REFUSALS_OF_KEYS),
    )
    @idempotency.idempotent
    def post(self, request: Request) -> Response:
        serializer = RegistrationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = sending.send_code(client_ip=signing_in_ip_of(request), **serializer.validated_data)
        context = {"expose_code": settings.CONFIRMATION_CODE_EXPOSED}
        return Response(SentCodeSerializer(sent, context=context).data, status=status.HTTP_202_ACCEPTED)


class LoginView(PublicView):
    @document(
        operation_id="signIn",
        tag="sign-in",
        summary="Sign in by the code",
        description="A person unknown so far is saved, and given an invite code for good. If their number was here "
        "before, they are signed in without activating `used_referral_code`; `referral_refusal` says so.",
        request=LoginSerializer,
        answers={status.HTTP_200_OK: SessionSerializer},
        parameters=[CLIENT_ADDRESS],
        refusals=(*redeeming.SIGN_IN_REFUSALS, *forwarding.REFUSALS),
    )
    def post(self, request: Request) -> Response:
        serializer = LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        answer: Response = redeeming.sign_in(**_attempt(request, serializer.validated_data, _token_session))
        return answer


class VerifyView(PublicView):
    @document(
        operation_id="signInByLink",
        tag="sign-in",
        summary="Sign in by the link and the code",
        description="Does as login does, for the phone that the link of `verify_url` was made for.",
        request=VerificationSerializer,
        answers={status.HTTP_200_OK: SessionSerializer},
        parameters=[CLIENT_ADDRESS],
        refusals=(*redeeming.SIGN_IN_REFUSALS, VerificationLinkInvalid, *forwarding.REFUSALS),
    )
    def post(self, request: Request, verification_token: uuid.UUID) -> Response:
        serializer = VerificationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        answer: Response = redeeming.sign_in_by_link(
            verification_token=verification_token, **_attempt(request, serializer.validated_data, _token_session)
        )
        return answer


class JWTLoginView(PublicView):
    @document(
        operation_id="signInForJWT",
        tag="jwt",
        summary="Sign in by the code, for a JWT pair",
        description="Does as login does; the answer is a short-lived `access` and a single-use `refresh` token.",
        request=LoginSerializer,
        answers={status.HTTP_200_OK: JWTSessionSerializer},
        parameters=[CLIENT_ADDRESS],
        refusals=(*redeeming.SIGN_IN_REFUSALS, *forwarding.REFUSALS),
    )
    def post(self, request: Request) -> Response:
        serializer = LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        answer: Response = redeeming.sign_in(**_attempt(request, serializer.validated_data, _jwt_session))
        return answer


def _attempt(request: Request, typed: dict[str, Any], open_session: Callable[[Device, SignIn], Response]) -> Any:
    """Return the arguments of `redeeming.sign_in` for what was typed."""
    client_ip = signing_in_ip_of(request)
    device = device_of(request, name=typed.pop("device", ""), client_ip=client_ip)
    return {**typed, "client_ip": client_ip, "open_session": partial(open_session, device)}


def _token_session(device: Device, signed_in: SignIn) -> Response:
    token, expires_at = open_token_session(signed_in.user, device)
    return Response({"token": token, "expires_at": expires_at, **_common_fields(signed_in)})


def _jwt_session(device: Device, signed_in: SignIn) -> Response:
    refresh = open_jwt_session(signed_in.user, device)
    return Response({"access": str(refresh.access_token), "refresh": str(refresh), **_common_fields(signed_in)})


def _common_fields(signed_in: SignIn) -> dict[str, Any]:
    profile = ProfileSerializer(signed_in.user).data
    refusal = signed_in.referral_refusal
    return {
        "is_new_user": signed_in.is_new_user,
        "referral_refusal": refusal.code if refusal else None,
        "profile": profile,
    }
