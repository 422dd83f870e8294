"""URLs of the pages, in the order of use."""

from django.urls import path, re_path
from django.views.i18n import set_language

from web.views import account, invitation, profile, sessions, settings, sign_in, site

app_name = "web"
urlpatterns = [
    path("", site.start, name="start"),
    path("robots.txt", site.robots),
    path("apple-touch-icon.png", site.touch_icon, name="touch-icon"),
    path("r/<str:referral_code>/", invitation.invitation, name="invitation"),
    path("r/<str:referral_code>/qr.svg", invitation.qr_code, {"kind": "svg"}, name="qr-code"),
    path("r/<str:referral_code>/qr.png", invitation.qr_code, {"kind": "png"}, name="qr-code-png"),
    path("r/<str:referral_code>/print/", invitation.printed, name="print"),
    re_path(r"^r/(?P<referral_code>[^/]+)/card-(?P<language>en|ru)\.png$", invitation.card, name="card"),
    path("r/", invitation.typed, name="typed-invitation"),
    # What chats append to a link, and capitals.
    re_path(r"^[rR]/(?P<referral_code>[^/]+)(?:/[\W_]*)?\Z", invitation.garbled, name="garbled-invitation"),
    path("sign-in/", sign_in.ask_for_code, name="sign-in"),
    path("sign-in/code/", sign_in.redeem_code, name="redeem-code"),
    path("profile/", profile.profile, name="profile"),
    path("settings/", settings.settings, name="settings"),
    path("settings/sign-out/", settings.sign_out, name="sign-out"),
    path("settings/sign-out/everywhere/", settings.sign_out_everywhere, name="sign-out-everywhere"),
    path("settings/confirm/", account.confirm, name="confirm"),
    path("settings/number/", account.change_number, name="change-number"),
    path("settings/number/code/", account.confirm_number, name="confirm-number"),
    path("settings/sessions/", sessions.sessions, name="sessions"),
    path("settings/sessions/<uuid:id>/end/", sessions.end_session, name="end-session"),
    path("settings/data/", settings.personal_data, name="personal-data"),
    path("settings/erase/", settings.erase, name="erase"),
    path("language/", set_language, name="set-language"),
    path("theme/", site.set_theme, name="set-theme"),
    path("postman/<str:file>", site.postman, name="postman"),
]
