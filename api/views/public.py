"""The base of views that need no sign-in."""

from rest_framework.permissions import AllowAny
from rest_framework.views import APIView


class PublicView(APIView):
    """Credentials are ignored, even invalid ones."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
