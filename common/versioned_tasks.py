"""Celery tasks that understand messages of the release before, and leave those of the next release to its workers.

During an upgrade workers of two releases share a broker. A message says which version of its task's arguments it
carries. A release that changes them raises `version` and adds to `upgrades` how the former ones become the new ones.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from celery import Task

logger = logging.getLogger(__name__)

VERSION_HEADER = "task_version"
#: How long a message of a later release waits before a worker looks at it again.
LATER_SECONDS = 2
Arguments = dict[str, Any]


class VersionedTask(Task):  # type: ignore[misc]
    #: The version of the arguments; messages of releases that sent none count as 0.
    version: ClassVar[int] = 1
    #: From a version to the next one.
    upgrades: ClassVar[Mapping[int, Callable[[Arguments], Arguments]]] = {}

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        options["headers"] = {**(options.get("headers") or {}), VERSION_HEADER: self.version}
        return super().apply_async(args, kwargs, **options)

    def __call__(self, **arguments: Any) -> Any:
        """Run the task with today's arguments; put a message of a later release back."""
        is_message = not (self.request.called_directly or self.request.is_eager)
        sent = int(self.request.get(VERSION_HEADER) or 0) if is_message else self.version
        if sent > self.version:
            return self._put_back(arguments, sent)
        for version in range(sent, self.version):
            arguments = self.upgrades.get(version, dict)(arguments)
        self.request.kwargs = arguments  # for a retry
        return self.run(**arguments)

    def _put_back(self, arguments: Arguments, version: int) -> None:
        logger.warning("A message of %s is of a later release (version %d): put back", self.name, version)
        headers = {VERSION_HEADER: version, "request_id": self.request.get("request_id")}
        self.app.send_task(self.name, kwargs=arguments, countdown=LATER_SECONDS, headers=headers)
