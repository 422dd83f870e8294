"""The language of a request."""

import re

from django.http import HttpRequest
from django.middleware import locale

#: A language with the weight 0 is "not acceptable" (RFC 9110, section 12.4.2). Django takes it for the last choice.
_REFUSED = re.compile(r"[^,]*;\s*q=0(?:\.0*)?\s*(?:,|$)", re.IGNORECASE)


class LocaleMiddleware(locale.LocaleMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        if accepted := request.META.get("HTTP_ACCEPT_LANGUAGE"):
            request.META["HTTP_ACCEPT_LANGUAGE"] = _REFUSED.sub("", accepted).strip()
        super().process_request(request)
