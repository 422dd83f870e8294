"""A person's page in the panel: what happened, notes, actions; and actions with several people."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.support import factories
from tests.support.panel import PEOPLE, panel_client, user_page
from users.models import AuditRecord, SignInAttempt, User

pytestmark = pytest.mark.django_db


def act(staff: Client, person: User, what: str, text: str = "") -> Any:
    return staff.post(user_page(person, "act"), {"act": what, "text": text}, follow=True)


def signed_in(token: str) -> bool:
    return factories.authorized_client(f"Token {token}").get("/api/profile/").status_code == 200


def test_a_page_tells_what_happened(admin_client: Client) -> None:
    inviter = factories.create_user(username="Inviter")
    phone = factories.phone_number()
    token = factories.sign_up(APIClient(), phone, used_referral_code=inviter.referral_code)["token"]
    person = User.objects.get(phone_number=phone)
    code = factories.request_code(APIClient(REMOTE_ADDR="198.51.100.7"), phone)
    wrong = {"phone_number": phone, "confirmation_code": factories.wrong_code(code)}
    for _ in range(2):
        APIClient(REMOTE_ADDR="198.51.100.7").post("/api/login/", wrong)
    assert signed_in(token)
    act(admin_client, person, "note", "Called about <b>the bonus</b>")

    html = admin_client.get(user_page(person)).content.decode()

    for text in ("Came with", "Inviter", "Code: delivered", "Signed in by a code", "A token was issued", "Registered"):
        assert text in html
    assert "2 wrong codes were entered" in html
    assert "Called about &lt;b&gt;the bonus&lt;/b&gt;" in html
    assert phone[1:] not in html.partition('class="story-events"')[2].partition("</ol>")[0].replace("+", "")


def test_blocking_needs_a_reason_which_the_trail_keeps(admin_client: Client) -> None:
    phone = factories.phone_number()
    token = factories.sign_up(APIClient(), phone)["token"]
    person = User.objects.get(phone_number=phone)

    refused = act(admin_client, person, "block")
    assert "Say why" in refused.content.decode()
    assert signed_in(token)
    act(admin_client, person, "block", "Bought codes")

    assert not signed_in(token)
    assert AuditRecord.objects.get(action="blocked").details == {"reason": "Bought codes"}
    trail = admin_client.get(f"/admin/users/auditrecord/?person={person.pk}").content.decode()
    assert "Blocked" in trail
    assert "Bought codes" in trail
    act(admin_client, person, "unblock")
    assert User.objects.get(pk=person.pk).is_active
    assert not signed_in(token)


def test_staff_sign_out_unlock_and_send_a_code(admin_client: Client) -> None:
    phone = factories.phone_number()
    token = factories.sign_up(APIClient(), phone)["token"]
    person = User.objects.get(phone_number=phone)
    SignInAttempt.objects.bulk_create(
        SignInAttempt(phone_number=phone, address="elsewhere", succeeded=False) for _ in range(15)
    )
    assert "locked" in admin_client.get(user_page(person)).content.decode()

    act(admin_client, person, "sign_out")
    act(admin_client, person, "unlock")
    sent = act(admin_client, person, "send_code")

    assert not signed_in(token)
    assert not SignInAttempt.objects.filter(phone_number=phone, succeeded=False).exists()
    assert "A new code is on its way." in sent.content.decode()
    assert {"signed_out", "unlocked", "code_sent"} <= {*AuditRecord.objects.values_list("action", flat=True)}
    again = act(admin_client, person, "send_code")
    assert "A new code is on its way." not in again.content.decode()


def test_actions_need_the_permission_to_change_that_person() -> None:
    person, colleague = factories.create_user(), factories.create_superuser()
    viewer = panel_client(factories.create_staff(permissions=["view_user"]))
    changer = panel_client(factories.create_staff())

    assert act(viewer, person, "block", "x").status_code == 403
    assert act(changer, colleague, "block", "x").status_code == 403
    assert act(changer, person, "nonsense").status_code == 403
    assert 'name="act"' not in viewer.get(user_page(person)).content.decode()
    assert User.objects.filter(is_active=False).count() == 0
    assert not AuditRecord.objects.filter(action="blocked").exists()


def test_the_timeline_shows_only_what_staff_may_see() -> None:
    phone = factories.phone_number()
    factories.sign_up(APIClient(), phone)
    person = User.objects.get(phone_number=phone)

    html = panel_client(factories.create_staff(permissions=["view_user"])).get(user_page(person)).content.decode()

    assert "A token was issued" in html
    assert "Signed in by a code" not in html
    assert "Code: delivered" not in html


def test_several_people_are_blocked_unblocked_and_signed_out(admin_client: Client) -> None:
    people = factories.create_users(3)
    marked = {"_selected_action": [person.pk for person in people[:2]]}

    question = admin_client.post(PEOPLE, {"action": "block_selected", **marked})
    assert not User.objects.filter(is_active=False).exists()
    assert 'name="text"' in question.content.decode()
    done = admin_client.post(PEOPLE, {"action": "block_selected", "text": "A farm", **marked}, follow=True)
    assert "2 people are blocked." in done.content.decode()
    assert {*User.objects.filter(is_active=False)} == {*people[:2]}
    admin_client.post(PEOPLE, {"action": "unblock_selected", **marked})
    admin_client.post(PEOPLE, {"action": "sign_out_selected", **marked})

    assert not User.objects.filter(is_active=False).exists()
    actions = AuditRecord.objects.filter(action__in=("blocked", "unblocked", "signed_out"))
    assert sorted(actions.values_list("action", flat=True)) == ["blocked"] * 2 + ["signed_out"] * 2 + ["unblocked"] * 2


def test_an_erasure_empties_notes_and_reasons(admin_client: Client) -> None:
    person = factories.create_user()
    act(admin_client, person, "note", "Secret note")
    act(admin_client, person, "block", "Secret reason")

    admin_client.post(user_page(person, "delete"), {"post": "yes"})

    assert "Secret" not in str([*AuditRecord.objects.values()])


def test_deletion_is_the_last_action(admin_client: Client) -> None:
    person = factories.create_user()

    offered = admin_client.get(PEOPLE).content.decode()
    page = admin_client.get(user_page(person)).content.decode()

    assert offered.rindex('value="delete_selected"') > offered.rindex('value="export_selected"')
    assert page.index('name="_save"') < page.index(user_page(person, "delete"))
