"""Where moto looks for an action, for as long as somebody wants StartSyncExecution answered.

moto has no place for others to add one, so this rests on three of its internals: an action is a method of the
service's response class, found by its name; `url_bases` are the hosts that the class answers for; and
`backend_url_patterns` leads from a host to its service. `tests/asl/testing` notices when one of them changes.
"""

import re
import threading
from contextlib import ExitStack
from typing import Any, Final, Protocol
from unittest.mock import patch

from moto import backend_index
from moto.core.responses import ActionResult
from moto.stepfunctions import urls
from moto.stepfunctions.responses import StepFunctionResponse

ACTION: Final = "start_sync_execution"
HOST: Final = r"https?://sync-states\.(.+)\.amazonaws.com"
"""botocore puts `sync-` before the host, for this action alone. moto adds China's suffix itself."""
_SERVICE: Final = "stepfunctions"
_EXAMPLE: Final = "https://sync-states.us-east-1.amazonaws.com/"


class Answering(Protocol):
    """Whoever answers the action."""

    def answer(self, call: Any) -> ActionResult:
        """The answer to the call, a `StepFunctionResponse`; a `JsonRESTError` becomes an error of the service."""
        ...


class Hook:
    """Adds the action to moto with the first who answers, and takes it away with the last. The newest one answers."""

    def __init__(self) -> None:
        self._answering: list[Any] = []
        self._undo = ExitStack()
        self._lock = threading.Lock()

    @property
    def newest(self) -> Any:
        """Whoever answers now, or `None`."""
        answering = self._answering
        return answering[-1] if answering else None

    def moto_answers(self) -> bool:
        """Whether moto has a method of its own for the action."""
        return not self._answering and hasattr(StepFunctionResponse, ACTION)

    def enter(self, one: Answering) -> None:
        """Let this one answer from now on."""
        with self._lock:
            if not self._answering:
                self._install()
            self._answering.append(one)

    def leave(self, one: Answering) -> None:
        """Let this one answer no more."""
        with self._lock:
            self._answering.remove(one)
            if not self._answering:
                self._undo.close()

    def _install(self) -> None:
        def start_sync_execution(call: Any) -> ActionResult:
            return self.newest.answer(call)

        # `create`: there is nothing to replace, unless a later moto has the method.
        self._undo.enter_context(patch.object(StepFunctionResponse, ACTION, start_sync_execution, create=True))
        patterns: list[tuple[str, re.Pattern[str]]] = backend_index.backend_url_patterns
        if not any(pattern.match(_EXAMPLE) for _, pattern in patterns):
            self._add(patterns, (_SERVICE, re.compile(HOST)))
        if not any(re.match(base, _EXAMPLE) for base in urls.url_bases):
            self._add(urls.url_bases, HOST)

    def _add(self, to: list[Any], what: Any) -> None:
        to.append(what)
        self._undo.callback(to.remove, what)


HOOK: Final = Hook()
"""One for the process, as there is one moto in it."""
