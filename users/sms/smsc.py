"""SMSC.ru (https://smsc.ru/api/http/), instead of apprise's own plugin.

apprise sends no charset, so Russian text arrives garbled (the service defaults to windows-1251), and treats an answer
that it can't parse, such as a proxy's error page, as a success.
"""

import logging
from typing import Any

import requests
from apprise.manager_plugins import NotificationManager
from apprise.plugins.smsc import NotifySMSC

logger = logging.getLogger(__name__)

SERVER = "https://smsc.ru"
#: With this login the password is an API key.
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
        """Return True if the service accepted the message: it also refuses with status 200."""
        try:
            answer = requests.post(
                f"{self.server}/sys/send.php",
                data={**self._credentials(), **self._message(body)},
                timeout=self.request_timeout,
                verify=self.verify_certificate,
                allow_redirects=False,
            )
            told = answer.json()
        except requests.RequestException:  # includes invalid JSON
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
    """Register this plugin with apprise for `smsc://` URLs."""
    NotificationManager().add(SMSC, force=True)
