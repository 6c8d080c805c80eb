"""Executions for callers of the emulator's API, which brings their requests here as invocations."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from asl import DefinitionError
from asl.starting import Ended, NotStarted
from local.services.lambdas.model import Invocation, Invoker, failure
from local.services.states.service import ExpressService, context

PREFIX: Final = "states:"
"""What `local/emulator/process/express.py` puts before an action; no function can have such a name."""
START: Final = f"{PREFIX}StartSyncExecution"


class SyncStarts:
    """An invoker that runs state machines, too, for any thread."""

    def __init__(
        self,
        express: ExpressService,
        functions: Invoker,
        now: Callable[[], float] = time.time,
        others: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] | None = None,
    ) -> None:
        """`others` are further actions of Step Functions, by name."""
        self._actions = {START: self._start, **{f"{PREFIX}{name}": call for name, call in (others or {}).items()}}
        self._express = express
        self._functions = functions
        self._now = now

    def invoke(self, function: str, payload: bytes) -> Invocation:
        """Run a function; or, under the name of an action, that, with the request as payload."""
        if function not in self._actions:
            return self._functions.invoke(function, payload)
        try:
            return Invocation(payload=json.dumps(self._actions[function](json.loads(payload))).encode())
        except ClientError as error:
            return failure(error.response["Error"]["Code"], error.response["Error"]["Message"])  # pyright: ignore[reportTypedDictNotRequiredAccess]
        except NotStarted as error:
            return failure(error.code, str(error))
        except DefinitionError as error:
            return failure(error.code, str(error))

    def _start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        deployed = self._express.machines.find(request["stateMachineArn"])
        about = context(deployed, request.get("name"))
        text, started = request.get("input", "{}"), self._now()
        ended = self._express.execute(deployed, text, about=about)
        return Ended(
            about=about,
            input=text,
            status=ended.status,
            output=ended.output,
            error=ended.error,
            cause=ended.cause,
            started=started,
            stopped=self._now(),
        ).response()
