"""StartSyncExecution without its transport: what it takes and what it answers, for whoever serves it."""

import json
import math
import re
import uuid
from dataclasses import dataclass
from typing import Any, Final

from asl.core.templates import Json
from asl.execution.context import ExecutionContext

MOST_INPUT_BYTES: Final = 262_144
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_BillingDetails.html
BILLED_MILLISECONDS: Final = 100
BILLED_MEGABYTES: Final = 64
_NAME: Final = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class NotStarted(Exception):
    """Nothing was started; `code` is the error that StartSyncExecution answers."""

    code = "ValidationException"


class InvalidName(NotStarted):
    """An execution cannot have this name."""

    code = "InvalidName"


class InvalidInput(NotStarted):
    """The input is too large, or is not JSON."""

    code = "InvalidExecutionInput"


class TypeNotSupported(NotStarted):
    """Only Express machines can be started synchronously, and only Standard ones otherwise."""

    code = "StateMachineTypeNotSupported"


def check_type(arn: str, kind: str, needed: str = "EXPRESS") -> None:
    """Raise `TypeNotSupported` unless the machine is of the needed type."""
    if kind != needed:
        action = "StartSyncExecution" if needed == "EXPRESS" else "StartExecution"
        raise TypeNotSupported(f"{arn} is a machine of type {kind}; {action} needs {needed}")


def parsed_input(text: str) -> Json:
    """The value of an input; raises `InvalidInput`."""
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_INPUT_BYTES:
        raise InvalidInput(f"the input has {size} bytes; an execution takes at most {MOST_INPUT_BYTES}")
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"the input is not JSON: {error}") from error


def execution_of(
    machine_arn: str, machine_name: str, role_arn: str, name: str | None = None, kind: str = "EXPRESS"
) -> ExecutionContext:
    """The context of a new execution, whose name is random unless given; raises `InvalidName`."""
    if name is not None and not _NAME.fullmatch(name):
        raise InvalidName(f"Invalid Name: '{name}'")
    region, account = machine_arn.split(":")[3:5]
    return ExecutionContext(
        machine_name=machine_name,
        machine_arn=machine_arn,
        region=region,
        account=account,
        role_arn=role_arn,
        name=name or str(uuid.uuid4()),
        kind=kind,
    )


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An execution that has ended, at the epoch seconds `stopped`. Input and output are JSON texts.

    What there is none of is `None`: the output of a failed execution, for example.
    """

    about: ExecutionContext
    input: str
    status: str
    output: str | None
    error: str | None
    cause: str | None
    started: float
    stopped: float

    def response(self) -> dict[str, Any]:
        """What StartSyncExecution answers; dates are epoch seconds."""
        results = {"output": self.output, "error": self.error, "cause": self.cause}
        return {
            "executionArn": self.about.execution_id,
            "stateMachineArn": self.about.state_machine_id,
            "name": self.about.name,
            "startDate": self.started,
            "stopDate": self.stopped,
            "status": self.status,
            "input": self.input,
            "inputDetails": {"included": True},
            **{key: value for key, value in results.items() if value is not None},
            "outputDetails": {"included": True},  # so on AWS, also without an output
            "billingDetails": {
                "billedDurationInMilliseconds": billed(self.stopped - self.started),
                "billedMemoryUsedInMB": BILLED_MEGABYTES,
            },
        }


def billed(seconds: float) -> int:
    """The milliseconds that an execution of this length is billed for."""
    return max(1, math.ceil(round(seconds * 1000, 3) / BILLED_MILLISECONDS)) * BILLED_MILLISECONDS
