"""One's own account: the change of the phone number, the confirmation of a session."""

from django.conf import settings
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from api.account_serializers import (
    CodeEnteredSerializer,
    CodeOfAccountSerializer,
    ConfirmedSerializer,
    NumberChangeSerializer,
    SessionConfirmationSerializer,
)
from api.authentication import current_session
from api.requests import AuthenticatedRequest
from api.schema import document
from api.serializers import ProfileSerializer
from common.http.client_ip import client_ip_of
from users.account import confirmation, number_change
from users.account.refusals import ConfirmationNeeded
from users.sign_in.sending import SentCode


class PhoneNumberView(APIView):
    @document(
        operation_id="requestNumberChange",
        tag="profile",
        summary="Change my number: ask for a code",
        description="Sends a code to the new number. The answer is the same whether an account has that number or not.",
        request=NumberChangeSerializer,
        answers={status.HTTP_202_ACCEPTED: CodeOfAccountSerializer},
        refusals=(ConfirmationNeeded, *number_change.REQUEST_REFUSALS),
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        confirmation.require(current_session(request.auth))
        serializer = NumberChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = number_change.request(user=request.user, client_ip=client_ip_of(request), **serializer.validated_data)
        return code_sent(sent)


class PhoneNumberConfirmView(APIView):
    @document(
        operation_id="confirmNumberChange",
        tag="profile",
        summary="Change my number: redeem the code",
        description="The account has the new number from now on, with its invite code, its inviter and the people who "
        "came with it. The former number gets a message. Every other session ends; a JWT session goes on with the next "
        "renewal of its pair. If an account has the number, the answer to the right code is 409.",
        request=CodeEnteredSerializer,
        answers={status.HTTP_200_OK: ProfileSerializer},
        refusals=number_change.CONFIRM_REFUSALS,
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        serializer = CodeEnteredSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        number_change.confirm(
            user=request.user,
            client_ip=client_ip_of(request),
            session=current_session(request.auth),
            **serializer.validated_data,
        )
        return Response(ProfileSerializer(request.user).data)


class ConfirmView(APIView):
    @document(
        operation_id="confirmSession",
        tag="profile",
        summary="Confirm my session",
        description="A session that was opened more than CONFIRM_AFTER_MINUTES ago needs a fresh code for what can't "
        "be undone: erasing me, exporting my data, changing my number (403 `confirmation_needed`). Without a code this "
        "sends one to my number: 202. With the code it confirms this session, and no other, for ten minutes: 200.",
        request=SessionConfirmationSerializer,
        answers={status.HTTP_200_OK: ConfirmedSerializer, status.HTTP_202_ACCEPTED: CodeOfAccountSerializer},
        refusals=dict.fromkeys((*confirmation.REQUEST_REFUSALS, *confirmation.CONFIRM_REFUSALS)),
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        serializer = SessionConfirmationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        app = serializer.validated_data.get("app", "")
        code = serializer.validated_data.get("confirmation_code")
        client_ip = client_ip_of(request)
        if code is None:
            return code_sent(confirmation.request(user=request.user, client_ip=client_ip, app=app))
        until = confirmation.confirm(
            user=request.user, session=current_session(request.auth), client_ip=client_ip, confirmation_code=code
        )
        return Response({"confirmed_until": until})


def code_sent(sent: SentCode) -> Response:
    context = {"expose_code": settings.CONFIRMATION_CODE_EXPOSED}
    return Response(CodeOfAccountSerializer(sent, context=context).data, status=status.HTTP_202_ACCEPTED)
