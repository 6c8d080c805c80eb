"""StartSyncExecution for callers of the emulator's API, which brings them here as invocations."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from asl import DefinitionError
from asl.starting import Ended, NotStarted
from local.services.lambdas.model import Invocation, Invoker, failure
from local.services.states.service import ExpressService, context

START: Final = "states:StartSyncExecution"
"""What the emulator calls it; no function can have this name. See `local/emulator/process/express.py`."""


class SyncStarts:
    """An invoker that runs state machines, too, for any thread."""

    def __init__(self, express: ExpressService, functions: Invoker, now: Callable[[], float] = time.time) -> None:
        self._express = express
        self._functions = functions
        self._now = now

    def invoke(self, function: str, payload: bytes) -> Invocation:
        """Run a function; or, under the name of `START`, a machine to its end, with the request as payload."""
        if function != START:
            return self._functions.invoke(function, payload)
        try:
            return Invocation(payload=json.dumps(self._start(json.loads(payload))).encode())
        except ClientError as error:
            return failure(error.response["Error"]["Code"], error.response["Error"]["Message"])  # pyright: ignore[reportTypedDictNotRequiredAccess]
        except NotStarted as error:
            return failure(error.code, str(error))
        except DefinitionError as error:
            return failure(error.code, str(error))

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
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
