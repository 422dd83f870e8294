"""Sessions are not shown in the panel: their rows are digests and tokens, which staff do not need."""

from django.contrib import admin
from knox.models import AuthToken
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

admin.site.unregister([AuthToken, BlacklistedToken, OutstandingToken])
