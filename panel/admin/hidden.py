"""Hides the sessions of knox and simplejwt: staff don't need their digests and tokens."""

from django.contrib import admin
from knox.models import AuthToken
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

admin.site.unregister([AuthToken, BlacklistedToken, OutstandingToken])
