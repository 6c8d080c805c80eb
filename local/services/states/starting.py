"""StartSyncExecution for callers of the emulator's API, which brings them here as invocations."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from asl import DefinitionError
from local.services.lambdas.model import Invocation, Invoker, failure
from local.services.pipes.pipe import Execution
from local.services.states.machines import TypeNotSupported
from local.services.states.service import ExpressService, InvalidInput, context

START: Final = "states:StartSyncExecution"
"""What the emulator calls it; no function can have this name. See `local/emulator/process/express.py`."""

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_BillingDetails.html
BILLED_MILLISECONDS: Final = 100
BILLED_MEGABYTES: Final = 64
_NAME: Final = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class InvalidName(Exception):
    """An execution cannot have this name."""


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
        except TypeNotSupported as error:
            return failure("StateMachineTypeNotSupported", str(error))
        except InvalidName as error:
            return failure("InvalidName", str(error))
        except InvalidInput as error:
            return failure("InvalidExecutionInput", str(error))
        except DefinitionError as error:
            return failure(error.code, str(error))

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("name")
        if name is not None and not _NAME.fullmatch(name):
            raise InvalidName(f"Invalid Name: '{name}'")
        deployed = self._express.machines.find(request["stateMachineArn"])
        about = context(deployed, name)
        started = self._now()
        execution = self._express.execute(deployed, request.get("input", "{}"), about=about)
        return {
            "executionArn": execution.arn,
            "stateMachineArn": deployed.arn,
            "name": about.name,
            "startDate": started,
            "input": request.get("input", "{}"),
            "inputDetails": {"included": True},
            **_ending(execution, started, self._now()),
        }


def _ending(execution: Execution, started: float, stopped: float) -> dict[str, Any]:
    results = {"output": execution.output, "error": execution.error, "cause": execution.cause}
    return {
        "status": execution.status,
        "stopDate": stopped,
        **{key: value for key, value in results.items() if value is not None},
        "outputDetails": {"included": True},  # so on AWS, also without an output
        "billingDetails": {
            "billedDurationInMilliseconds": billed(stopped - started),
            "billedMemoryUsedInMB": BILLED_MEGABYTES,
        },
    }


def billed(seconds: float) -> int:
    """The milliseconds that an execution of this length is billed for."""
    return max(1, math.ceil(round(seconds * 1000, 3) / BILLED_MILLISECONDS)) * BILLED_MILLISECONDS
