"""All users, for services."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiResponse
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api import idempotency
from api.account_serializers import OpenSessionSerializer
from api.answers import created
from api.authentication import ServiceKeyAuthentication
from api.filters import KnownOrderingFilter, UserFilter
from api.pagination import UserPagination
from api.permissions import ManagesUsers
from api.schema import document
from api.service_serializers import UserChangeSerializer, UserCreationSerializer, UserDetailSerializer, UserSerializer
from users import audit, refusals
from users.account import number_change
from users.audit import Action
from users.models import Scope, User
from users.people import open_sessions
from users.people.accounts import add_user, change_user
from users.people.erasure import erase
from users.referrals import activation
from users.services.idempotency import REFUSALS as REFUSALS_OF_KEYS
from users.staff import actions

REFUSALS_OF_CHANGES = (refusals.PhoneNumberTaken, refusals.ExternalIdTaken, *activation.REFUSALS)


class UserViewSet(GenericViewSet[User]):
    serializer_class = UserSerializer
    authentication_classes = (ServiceKeyAuthentication,)
    permission_classes = (ManagesUsers,)
    pagination_class = UserPagination
    filter_backends = (DjangoFilterBackend, KnownOrderingFilter)
    filterset_class = UserFilter
    ordering_fields: ClassVar[list[str]] = ["registered_at", "phone_number", "updated_at"]
    lookup_field, lookup_url_kwarg, lookup_value_converter = "public_id", "id", "uuid"

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.select_related("invitation")

    @document(
        operation_id="listUsers",
        tag="users",
        summary="Everybody",
        description="By pages, newest first unless ordered otherwise.",
        answers={status.HTTP_200_OK: UserSerializer(many=True)},
        scope=Scope.PEOPLE_READ,
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self._record(Action.LISTED, "user", {"ids": [user.pk for user in page]})
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @document(
        operation_id="createUser",
        tag="users",
        summary="Save a person",
        description="With an invite code of their own; they sign in by a code sent to their phone. "
        "`used_referral_code` activates another person's code by the usual rules; if it is refused, no one is saved.",
        request=UserCreationSerializer,
        answers={status.HTTP_201_CREATED: UserDetailSerializer},
        scope=Scope.PEOPLE_WRITE,
        parameters=[idempotency.PARAMETER],
        refusals=(*REFUSALS_OF_CHANGES, refusals.ReferralCodeTaken, *REFUSALS_OF_KEYS),
    )
    @idempotency.idempotent
    def create(self, request: Request) -> Response:
        serializer = UserCreationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            user, values = add_user(**serializer.validated_data)
            self._record(Action.CREATED, user, values)
        return created(UserDetailSerializer(user).data, path=reverse("user-detail", kwargs={"id": user.public_id}))

    @document(
        operation_id="getUser",
        tag="users",
        summary="One person, with those who came with them",
        answers={status.HTTP_200_OK: UserDetailSerializer},
        scope=Scope.PEOPLE_READ,
    )
    def retrieve(self, request: Request, **_path: UUID) -> Response:
        user = self.get_object()
        self._record(Action.VIEWED, user)
        return Response(UserDetailSerializer(user).data)

    @document(
        operation_id="replaceUser",
        tag="users",
        summary="Replace a person's data",
        description="What is left out returns to its default: no name, no external id, active. "
        "An activated invite code stays.",
        request=UserChangeSerializer,
        answers={status.HTTP_200_OK: UserDetailSerializer},
        scope=Scope.PEOPLE_WRITE,
        refusals=REFUSALS_OF_CHANGES,
    )
    def update(self, request: Request, **_path: UUID) -> Response:
        defaults = {**dict.fromkeys(User.OWN_FIELDS, ""), "external_id": None, "is_active": True}
        return self._change({**defaults, **self._validated_data()})

    @document(
        operation_id="changeUser",
        tag="users",
        summary="Change a person's data",
        request=UserChangeSerializer(partial=True),
        answers={status.HTTP_200_OK: UserDetailSerializer},
        scope=Scope.PEOPLE_WRITE,
        refusals=REFUSALS_OF_CHANGES,
    )
    def partial_update(self, request: Request, **_path: UUID) -> Response:
        return self._change(self._validated_data(partial=True))

    @document(
        operation_id="eraseUser",
        tag="users",
        summary="Erase a person",
        description="As the person's own `DELETE /api/profile/` does.",
        answers={status.HTTP_204_NO_CONTENT: None},
        scope=Scope.PEOPLE_WRITE,
    )
    def destroy(self, request: Request, **_path: UUID) -> Response:
        user = self.get_object()
        with transaction.atomic():
            self._record(Action.DELETED, user)
            erase(user=user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @document(
        operation_id="undoNumberChange",
        tag="users",
        summary="Undo a change of number",
        description="For seven days after a person has changed their number: they get the one before back, and every "
        "session ends. Both numbers get a message.",
        answers={status.HTTP_200_OK: UserDetailSerializer},
        scope=Scope.PEOPLE_WRITE,
        refusals=number_change.UNDO_REFUSALS,
    )
    @action(detail=True, methods=["post"], url_path="phone-number/undo")
    def undo_number_change(self, request: Request, **_path: UUID) -> Response:
        user = self.get_object()
        actions.undo_number_change(user=user, by=request)
        return Response(UserDetailSerializer(user).data)

    @document(
        operation_id="listUserSessions",
        tag="users",
        summary="A person's open sessions",
        description="As the person is shown them; none of them `is_current`.",
        answers={status.HTTP_200_OK: OpenApiResponse(OpenSessionSerializer(many=True))},
        scope=Scope.PEOPLE_READ,
    )
    @action(detail=True, url_path="sessions")
    def sessions(self, request: Request, **_path: UUID) -> Response:
        user = self.get_object()
        self._record(Action.VIEWED, user, {"sessions": None})
        return Response(OpenSessionSerializer(open_sessions.of(user), many=True).data)

    @document(
        operation_id="endUserSessions",
        tag="users",
        summary="End a person's sessions",
        description="Every token, every JWT and every web session, at once.",
        answers={status.HTTP_204_NO_CONTENT: None},
        scope=Scope.PEOPLE_WRITE,
    )
    @sessions.mapping.delete
    def end_sessions(self, request: Request, **_path: UUID) -> Response:
        actions.sign_out(user=self.get_object(), by=request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _validated_data(self, *, partial: bool = False) -> dict[str, Any]:
        serializer = UserChangeSerializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _change(self, fields: dict[str, Any]) -> Response:
        user = self.get_object()
        with transaction.atomic():
            if changes := change_user(user=user, **fields):
                self._record(Action.CHANGED, user, changes)
        return Response(UserDetailSerializer(user).data)

    def _record(self, action: Action, about: User | str, details: audit.Details | None = None) -> None:
        audit.record(by=self.request, action=action, about=about, details=details)
