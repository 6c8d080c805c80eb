"""The names of an execution and its machine, from which `$states.context` is made."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from asl.core.templates import Json
from asl.core.times import iso_time

_ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionContext:
    """Names of the execution and its machine. ARNs that are not given are made from the names.

    Express executions may share a name, so AWS adds a UUID to it in the ARN: `run_id`. Those of `STANDARD` machines
    may not.
    """

    machine_name: str = "machine"
    region: str = "us-east-1"
    account: str = _ACCOUNT
    role_arn: str = f"arn:aws:iam::{_ACCOUNT}:role/express"
    name: str = field(default_factory=lambda: str(uuid4()))
    run_id: str = field(default_factory=lambda: str(uuid4()))
    execution_arn: str = ""
    machine_arn: str = ""
    kind: str = "EXPRESS"

    @property
    def state_machine_id(self) -> str:
        """The machine's ARN."""
        return self.machine_arn or f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self.machine_name}"

    @property
    def execution_id(self) -> str:
        """The execution's ARN."""
        if self.execution_arn:
            return self.execution_arn
        if self.kind == "STANDARD":
            return f"{self.state_machine_id.replace(':stateMachine:', ':execution:', 1)}:{self.name}"
        prefix = self.state_machine_id.replace(":stateMachine:", ":express:", 1)  # of the machine's partition
        return f"{prefix}:{self.name}:{self.run_id}"

    def as_json(self, value: Json, started: float) -> dict[str, Any]:
        """The parts of the context object that stay the same throughout the execution.

        An Express execution cannot be redriven, and has no `RedriveCount`.
        """
        redrives = {"RedriveCount": 0} if self.kind == "STANDARD" else {}
        return {
            "Execution": {
                "Id": self.execution_id,
                "Input": value,
                "Name": self.name,
                **redrives,
                "RoleArn": self.role_arn,
                "StartTime": iso_time(started),
            },
            "StateMachine": {"Id": self.state_machine_id, "Name": self.machine_name},
        }
