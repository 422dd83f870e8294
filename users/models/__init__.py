"""The models, one module for each subject."""

from users.models.events import Event, EventCounter, EventType
from users.models.former_numbers import NUMBER_WAS_HERE_BEFORE, FormerNumber, memory_start
from users.models.idempotency import IdempotencyKey
from users.models.limits import LimitCounter
from users.models.number_changes import UNDO_DAYS, NumberChange
from users.models.people import USED_REFERRAL_CODE, User
from users.models.referrals import Referral
from users.models.retired_codes import RetiredReferralCode
from users.models.secret_key import SecretKeyProof
from users.models.services import Scope, ServiceAccount, ServiceKey
from users.models.sessions import JWTFamily, UserSession
from users.models.sign_in import ConfirmationCode, Purpose, SignInAttempt
from users.models.sms import Delivery, DeliveryQuerySet
from users.models.staff import AuditRecord, SecondFactor
from users.models.statistics import RunningTotals
from users.models.test_numbers import fixed_code_of
from users.models.user_manager import UserManager
from users.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "NUMBER_WAS_HERE_BEFORE",
    "UNDO_DAYS",
    "USED_REFERRAL_CODE",
    "AuditRecord",
    "ConfirmationCode",
    "Delivery",
    "DeliveryQuerySet",
    "Event",
    "EventCounter",
    "EventType",
    "FormerNumber",
    "IdempotencyKey",
    "JWTFamily",
    "LimitCounter",
    "NumberChange",
    "Purpose",
    "Referral",
    "RetiredReferralCode",
    "RunningTotals",
    "Scope",
    "SecondFactor",
    "SecretKeyProof",
    "ServiceAccount",
    "ServiceKey",
    "SignInAttempt",
    "User",
    "UserManager",
    "UserSession",
    "Webhook",
    "WebhookDelivery",
    "fixed_code_of",
    "memory_start",
]
