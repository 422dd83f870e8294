"""URLs of the API, in the order of use."""

from django.urls import include, path
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from api.views.account import ConfirmView, PhoneNumberConfirmView, PhoneNumberView
from api.views.events import FeedView
from api.views.imports import ImportView
from api.views.introspection import IntrospectionView
from api.views.openapi import SchemaView
from api.views.profile import PersonalDataView, ProfileByPhoneView, ProfileView, ReferralsView
from api.views.referral_codes import ReferralCodeView
from api.views.service import ServiceView
from api.views.sessions import JWTLogoutView, JWTRefreshView, LogoutAllView, LogoutView, SessionsView, SessionView
from api.views.sign_in import JWTLoginView, LoginView, RegistrationView, VerifyView
from api.views.statistics import StatisticsView
from api.views.users import UserViewSet
from api.views.webhooks import WebhookViewSet

users = SimpleRouter(use_regex_path=False)
users.register("users", UserViewSet, basename="user")
webhooks = SimpleRouter(use_regex_path=False)
webhooks.register("webhooks", WebhookViewSet, basename="webhook")

urlpatterns = [
    path("registration/", RegistrationView.as_view(), name="registration"),
    path("login/", LoginView.as_view(), name="login"),
    path("verify/<uuid:verification_token>/", VerifyView.as_view(), name="verify"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("logout/all/", LogoutAllView.as_view(), name="logout-all"),
    path("sessions/", SessionsView.as_view(), name="sessions"),
    path("sessions/<uuid:id>/", SessionView.as_view(), name="session"),
    path("jwt/", JWTLoginView.as_view(), name="jwt"),
    path("jwt/refresh/", JWTRefreshView.as_view(), name="jwt-refresh"),
    path("jwt/logout/", JWTLogoutView.as_view(), name="jwt-logout"),
    path("profile/", ProfileView.as_view(), name="profile"),
    path("profile/referrals/", ReferralsView.as_view(), name="referrals"),
    path("profile/export/", PersonalDataView.as_view(), name="personal-data"),
    path("profile/confirm/", ConfirmView.as_view(), name="confirm"),
    path("profile/phone-number/", PhoneNumberView.as_view(), name="phone-number"),
    path("profile/phone-number/confirm/", PhoneNumberConfirmView.as_view(), name="phone-number-confirm"),
    path("profile/<str:phone_number>/", ProfileByPhoneView.as_view(), name="profile-by-phone"),
    path("referral-codes/<str:referral_code>/", ReferralCodeView.as_view(), name="referral-code"),
    path("introspect/", IntrospectionView.as_view(), name="introspect"),
    path("service/", ServiceView.as_view(), name="service"),
    path("users/import/", ImportView.as_view(), name="import"),
    path("", include(users.urls)),
    path("events/", FeedView.as_view(), name="events"),
    path("", include(webhooks.urls)),
    path("statistics/", StatisticsView.as_view(), name="statistics"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("schema/swagger-ui/", SpectacularSwaggerSplitView.as_view(metadata_class=None), name="swagger-ui"),
    path("schema/redoc/", SpectacularRedocView.as_view(metadata_class=None), name="redoc"),
]
