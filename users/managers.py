"""Creating people, finding them for a sign-in by password; telling what became of messages."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import BaseUserManager
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from users import phones, referral_codes
from users.exceptions import PhoneNumberInvalid, PhoneNumberTaken

if TYPE_CHECKING:
    from users.models import Delivery, User


def _draw_referral_code() -> str:
    """Draw a code that no erased person had either; a code drawn twice at once is left to the unique constraint."""
    from users.models import RetiredReferralCode

    while RetiredReferralCode.objects.filter(pk=(code := referral_codes.draw())).exists():
        pass
    return code


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by a phone number as it is typed."""
        try:
            return self.get(phone_number=phones.normalize(username or ""))
        except PhoneNumberInvalid:
            raise self.model.DoesNotExist from None

    def create_user(self, phone_number: str, password: str | None = None, **fields: Any) -> "User":
        """Save a person with an invite code of their own; without a password they sign in by code only.

        Raises `PhoneNumberInvalid` or `PhoneNumberTaken`.
        """
        phone_number = phones.normalize(phone_number)
        while True:
            user = self.model(
                phone_number=phone_number,
                password=make_password(password),
                referral_code=_draw_referral_code(),
                **fields,
            )
            try:
                with transaction.atomic(using=self.db):
                    user.save(force_insert=True, using=self.db)
            except IntegrityError:
                if self.filter(phone_number=phone_number).exists():
                    raise PhoneNumberTaken from None
                if not self.filter(referral_code=user.referral_code).exists():
                    raise
            else:
                return user

    def update_user(self, user: "User", **fields: Any) -> None:
        """Change a person's own data. Raises `PhoneNumberInvalid` or `PhoneNumberTaken`."""
        if "phone_number" in fields:
            fields["phone_number"] = phones.normalize(fields["phone_number"])
        for name, value in fields.items():
            setattr(user, name, value)
        try:
            with transaction.atomic(using=self.db):
                user.save(update_fields=[*fields], using=self.db)
        except IntegrityError:
            raise PhoneNumberTaken from None

    def create_superuser(self, phone_number: str, password: str | None = None, **fields: Any) -> "User":
        """Save a person who may do everything in the admin panel."""
        return self.create_user(phone_number, password, **fields, is_staff=True, is_superuser=True)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    model: type["Delivery"]

    def having_outcome(self, outcome: str) -> "DeliveryQuerySet":
        """Keep those with this `Delivery.outcome`; an index on state and time serves it."""
        now = timezone.now()
        if outcome == "waiting":
            return self.filter(state="waiting", expires_at__gt=now)
        if outcome == "failed":
            return self.filter(models.Q(state="failed") | models.Q(state="waiting", expires_at__lte=now))
        return self.filter(state=outcome)

    def with_outcome(self) -> "DeliveryQuerySet":
        """Add `outcome_now`, to count by: what `Delivery.outcome` is, in SQL."""
        lost = models.When(state="waiting", expires_at__lte=timezone.now(), then=models.Value("failed"))
        return self.annotate(outcome_now=models.Case(lost, default="state", output_field=models.CharField()))
