"""Existence of an invite code, for sign-up forms; the owner is not revealed."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from api.problems import not_found_because
from api.schema import document
from api.serializers import INVITER_SEES_NUMBER, ReferralCodeSerializer
from api.views.public import PublicView
from common.http.client_ip import client_ip_of
from users import referral_codes
from users.referrals import activation
from users.refusals import ReferralCodeNotFound, TooManyRequests

_TYPED = {"type": "string", "pattern": referral_codes.TYPED_PATTERN, "maxLength": referral_codes.MAX_TYPED}


class ReferralCodeView(PublicView):
    @document(
        operation_id="getReferralCode",
        tag="referral codes",
        summary="Does this invite code exist?",
        description="Case, spaces, dashes, quotes and look-alikes do not matter; the answer shows the code as it is. "
        + INVITER_SEES_NUMBER,
        parameters=[OpenApiParameter("referral_code", _TYPED, OpenApiParameter.PATH)],
        answers={status.HTTP_200_OK: ReferralCodeSerializer},
        refusals=(TooManyRequests,),
        not_found=ReferralCodeNotFound,
    )
    def get(self, request: Request, referral_code: str) -> Response:
        try:
            owner = activation.owner_of(referral_code=referral_code, client_ip=client_ip_of(request))
        except ReferralCodeNotFound:
            raise not_found_because(ReferralCodeNotFound) from None
        return Response({"referral_code": owner.referral_code})
