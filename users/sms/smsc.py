"""SMSC.ru, as https://smsc.ru/api/http/ describes it, in place of apprise's own plugin.

That one leaves out the charset, so that Russian arrives garbled (the service expects windows-1251 unless told), and
takes an answer which it can't read, such as the page of a proxy, for a success.
"""

import logging
from typing import Any

import requests
from apprise.manager_plugins import NotificationManager
from apprise.plugins.smsc import NotifySMSC

logger = logging.getLogger(__name__)

SERVER = "https://smsc.ru"
#: As a login, it says that the password is an API key.
API_KEY = "apikey"


class SMSC(NotifySMSC):  # type: ignore[misc]
    """`smsc://login:password@{phone}`, or `smsc://apikey:key@{phone}`; `?sender=`, `?server=https://www2.smsc.ru`."""

    def __init__(self, server: str = SERVER, **options: Any) -> None:
        super().__init__(**options)
        self.server = server

    @staticmethod
    def parse_url(url: str) -> dict[str, Any] | None:
        parts: dict[str, Any] | None = NotifySMSC.parse_url(url)
        if parts and parts["qsd"].get("server"):
            parts["server"] = SMSC.unquote(parts["qsd"]["server"])
        return parts

    def send(self, body: str, **_options: Any) -> bool:
        """Tell whether the service took the message: it says no with status 200, too."""
        try:
            answer = requests.post(
                f"{self.server}/sys/send.php",
                data={**self._credentials(), **self._message(body)},
                timeout=self.request_timeout,
                verify=self.verify_certificate,
                allow_redirects=False,
            )
            told = answer.json()
        except requests.RequestException:  # bad JSON included
            return False
        if answer.status_code != requests.codes.ok or not isinstance(told, dict):
            return False
        if "error_code" in told:
            logger.warning("SMSC.ru answered with error %s", told["error_code"])
            return False
        return "id" in told

    def _credentials(self) -> dict[str, Any]:
        return {"apikey": self.password} if self.user == API_KEY else {"login": self.user, "psw": self.password}

    def _message(self, text: str) -> dict[str, Any]:
        message = {"phones": ",".join(self.targets), "mes": text, "charset": "utf-8", "fmt": 3}
        return {**message, "sender": self.sender} if self.sender else message


def install() -> None:
    """Let apprise take `smsc://` addresses to this module."""
    NotificationManager().add(SMSC, force=True)
