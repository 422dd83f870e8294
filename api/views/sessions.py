"""Sessions: the list, sign-out, renewal of JWT pairs."""

from uuid import UUID

from drf_spectacular.utils import OpenApiResponse
from rest_framework import status
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.account_serializers import OpenSessionSerializer
from api.authentication import current_session
from api.requests import AuthenticatedRequest
from api.schema import document
from api.serializers import JWTPairSerializer, JWTRefreshSerializer
from api.views.public import PublicView
from common.http.client_ip import client_ip_of
from users import refusals
from users.people import jwt_sessions, open_sessions, sessions
from users.people.open_sessions import device_of


class SessionsView(APIView):
    @document(
        operation_id="listSessions",
        tag="sessions",
        summary="My open sessions",
        description="Tokens, JWT pairs and browsers, newest first; `is_current` marks the one that asks.",
        # Not by pages: in one answer.
        answers={status.HTTP_200_OK: OpenApiResponse(OpenSessionSerializer(many=True))},
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        context = {"current": current_session(request.auth)}
        return Response(OpenSessionSerializer(open_sessions.of(request.user), many=True, context=context).data)


class SessionView(APIView):
    @document(
        operation_id="endSession",
        tag="sessions",
        summary="End one of my sessions",
        description="A JWT pair can't be renewed from now on; its access token expires within minutes.",
        answers={status.HTTP_204_NO_CONTENT: None},
    )
    def delete(self, request: AuthenticatedRequest, id: UUID) -> Response:  # noqa: A002  the name in the path
        open_sessions.end(get_object_or_404(open_sessions.of(request.user), pk=id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutView(APIView):
    @document(
        operation_id="signOut",
        tag="sessions",
        summary="Sign out",
        description="Ends the token that the request came with; a JWT ends by `/api/jwt/logout/`.",
        answers={status.HTTP_204_NO_CONTENT: None},
        refusals=(refusals.JWTSession,),
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        sessions.end_session(request.auth)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(APIView):
    @document(
        operation_id="signOutEverywhere",
        tag="sessions",
        summary="Sign out everywhere",
        description="Ends every token, every JWT and every web session of this person at once.",
        answers={status.HTTP_204_NO_CONTENT: None},
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        sessions.end_all_sessions(user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class JWTRefreshView(PublicView):
    @document(
        operation_id="renewJWT",
        tag="jwt",
        summary="Renew a JWT pair",
        description="A refresh token works once: the answer has the next one. Used again within 10 seconds it gives "
        "the same next one, for two tabs or a lost answer. Used again later it counts as stolen: the session ends.",
        request=JWTRefreshSerializer,
        answers={status.HTTP_200_OK: JWTPairSerializer},
        refusals=(refusals.SessionEnded,),
    )
    def post(self, request: Request) -> Response:
        serializer = JWTRefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        refresh = jwt_sessions.renew_jwt_session(
            serializer.validated_data["refresh"], client_ip=client_ip_of(request), device=device_of(request)
        )
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


class JWTLogoutView(PublicView):
    @document(
        operation_id="signOutOfJWT",
        tag="jwt",
        summary="Sign out of a JWT session",
        description="Ends the session of the refresh token; its access tokens expire within minutes.",
        request=JWTRefreshSerializer,
        answers={status.HTTP_204_NO_CONTENT: None},
        refusals=(refusals.SessionEnded,),
    )
    def post(self, request: Request) -> Response:
        serializer = JWTRefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        jwt_sessions.end_jwt_session(serializer.validated_data["refresh"], client_ip=client_ip_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
