"""A user's own profile and referrals."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import generics, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import conditional
from api.authentication import current_session
from api.pagination import ReferralPagination
from api.personal_data import PersonalDataSerializer
from api.requests import AuthenticatedRequest
from api.schema import document
from api.serializers import ProfileChangeSerializer, ProfileSerializer, ReferralSerializer
from users import phones, refusals
from users.account import confirmation
from users.account.refusals import ConfirmationNeeded
from users.models import Referral, User
from users.people import personal_data
from users.people.erasure import erase
from users.people.profile import change_profile
from users.referrals import activation, newest

REFUSALS_OF_CHANGES = (refusals.TooManyReferralCodes, *activation.REFUSALS)
PHONE_NUMBER = OpenApiParameter(
    "phone_number", {"type": "string", "pattern": phones.E164_PATTERN}, OpenApiParameter.PATH, description="E.164."
)


class ProfileView(APIView):
    @document(
        operation_id="getProfile",
        tag="profile",
        summary="My profile",
        answers={status.HTTP_200_OK: ProfileSerializer, status.HTTP_304_NOT_MODIFIED: conditional.NOT_MODIFIED},
        parameters=conditional.PARAMETERS,
    )
    @conditional.conditional
    def get(self, request: AuthenticatedRequest) -> Response:
        return _profile(request.user)

    @document(
        operation_id="changeProfile",
        tag="profile",
        summary="Enter an invite code, change my name",
        description="A code can be entered once in a lifetime; entering the same one again changes nothing. "
        "Of several changes all happen, or none.",
        request=ProfileChangeSerializer,
        answers={status.HTTP_200_OK: ProfileSerializer},
        refusals=REFUSALS_OF_CHANGES,
    )
    def patch(self, request: AuthenticatedRequest) -> Response:
        return _change(request)

    @document(
        operation_id="eraseProfile",
        tag="profile",
        summary="Erase me",
        description="Deletes everything about me. Those who invited me, or came with me, keep an anonymous trace. "
        "A keyed digest of my number is kept for NUMBER_MEMORY_DAYS: a number that comes back signs up as always, but "
        "can't activate an invite code (409 `number_was_here_before`).",
        answers={status.HTTP_204_NO_CONTENT: None},
        refusals=(ConfirmationNeeded,),
    )
    def delete(self, request: AuthenticatedRequest) -> Response:
        confirmation.require(current_session(request.auth))
        erase(user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProfileByPhoneView(APIView):
    @document(
        operation_id="getProfileByPhone",
        tag="profile",
        summary="A profile by its number",
        description="My own. The profile of another person looks as if it did not exist.",
        parameters=[PHONE_NUMBER, *conditional.PARAMETERS],
        answers={status.HTTP_200_OK: ProfileSerializer, status.HTTP_304_NOT_MODIFIED: conditional.NOT_MODIFIED},
    )
    @conditional.conditional
    def get(self, request: AuthenticatedRequest, phone_number: str) -> Response:
        return _profile(_owner(request, phone_number))

    @document(
        operation_id="changeProfileByPhone",
        tag="profile",
        summary="Enter an invite code, change my name, by number",
        parameters=[PHONE_NUMBER],
        request=ProfileChangeSerializer,
        answers={status.HTTP_200_OK: ProfileSerializer},
        refusals=REFUSALS_OF_CHANGES,
    )
    def patch(self, request: AuthenticatedRequest, phone_number: str) -> Response:
        _owner(request, phone_number)
        return _change(request)


class PersonalDataView(APIView):
    @document(
        operation_id="exportProfile",
        tag="profile",
        summary="Everything that is kept about me",
        description="A file to keep: profile, all who came with my code, sessions, attempts to sign in, messages. "
        "Tokens and codes are not in it. The phone number of someone who has been erased is null.",
        answers={status.HTTP_200_OK: PersonalDataSerializer},
        refusals=(ConfirmationNeeded,),
    )
    def get(self, request: AuthenticatedRequest) -> StreamingHttpResponse:
        confirmation.require(current_session(request.auth))
        return personal_data.download(request.user)


class ReferralsView(generics.ListAPIView[Any]):
    request: AuthenticatedRequest
    serializer_class = ReferralSerializer
    pagination_class = ReferralPagination

    @document(
        operation_id="listReferrals",
        tag="profile",
        summary="All who came with my code",
        description="Newest first, by pages: `next` is the address of the next one.",
        answers={status.HTTP_200_OK: ReferralSerializer(many=True)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Referral]:
        return newest.referrals_of(self.request.user).annotate(
            public_id=F("invited__public_id"),
            external_id=F("invited__external_id"),
            phone_number=F("invited__phone_number"),
        )


def _profile(user: User) -> Response:
    return Response(ProfileSerializer(user).data)


def _change(request: AuthenticatedRequest) -> Response:
    serializer = ProfileChangeSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    user: User = request.user
    change_profile(user=user, **serializer.validated_data)
    return _profile(user)


def _owner(request: AuthenticatedRequest, phone_number: str) -> User:
    """Return the user who asks. Raises `NotFound` for another number than their own."""
    try:
        is_own = phones.normalize(phone_number) == request.user.get_username()
    except refusals.PhoneNumberInvalid:
        is_own = False
    if not is_own:
        raise NotFound
    return request.user
