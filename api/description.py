"""The description and the tags of the OpenAPI document."""

from typing import Any

DESCRIPTION = """
Sign-in by phone number and one-time code, invite codes, and who came with whom.

**The main job:** `POST /api/registration/` sends a code, `POST /api/login/` redeems it for a token,
`PATCH /api/profile/` enters the invite code of another person, `GET /api/profile/` shows who came with mine.

**Authorize** with `Bearer <token>` from a login (or `Token <token>`), or with a JWT `access` token. Programs of the
host send `Key <service key>`, which reaches the operations that name one of its scopes. Times are UTC (ISO 8601), phone
numbers are returned as E.164. Every error is a problem document (RFC 9457) with a stable `code`; its `detail` is in
the language of `Accept-Language`: English or Russian. Every answer has the id of its request in `X-Request-ID`:
quote it when you ask for help.
"""
TAGS = [
    {"name": "sign-in", "description": "Ask for a code, redeem it."},
    {"name": "profile", "description": "Me, my invite code, and the people who came with it."},
    {"name": "referral codes", "description": "For a sign-up form."},
    {"name": "sessions", "description": "Sign out, here or everywhere."},
    {"name": "jwt", "description": "The same sign-in for clients that want JWT pairs."},
    {"name": "service", "description": "What a service key is and may do."},
    {"name": "users", "description": "Everybody, for services."},
    {"name": "statistics", "description": "How many came, and how, for services."},
    {"name": "events", "description": "What happened, for services that ask."},
    {"name": "webhooks", "description": "Events sent to addresses of the host, for services."},
    {"name": "operations", "description": "Probes for operators."},
]


_METHODS = ("get", "post", "put", "patch", "delete")


def add_description(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Complete a generated schema; a hook of drf-spectacular (POSTPROCESSING_HOOKS)."""
    result["info"]["description"] = DESCRIPTION
    result["tags"] = TAGS
    # Swagger shows a box for each, in this order.
    schemes = result["components"]["securitySchemes"]
    result["components"]["securitySchemes"] = {name: schemes[name] for name in ("token", "jwt", "serviceKey")}
    # DRF lists the methods of a path in the order of a set: each process would have another document and ETag.
    result["paths"] = {
        path: {method: methods[method] for method in _METHODS if method in methods}
        for path, methods in result["paths"].items()
    }
    return result
