"""The state machine that an ARN names now, and whether a role may start it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

from asl import Machine
from asl.execution.logs import log_group
from asl.starting import check_type
from local.emulator.clients import Clients
from local.emulator.remembered import REAL, Remembered, Timing

EXPRESS: Final = "EXPRESS"
STANDARD: Final = "STANDARD"
START_ACTION: Final = "states:StartSyncExecution"


class AccessDenied(Exception):
    """The caller's role may not start the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedMachine:
    """A state machine as it is deployed. Nothing is logged without a `log_group`."""

    arn: str
    name: str
    role_arn: str
    machine: Machine
    log_group: str
    log_level: str
    log_data: bool


class Machines:
    """Looks up machines on the emulator, for any thread."""

    def __init__(self, clients: Clients, timing: Timing = REAL) -> None:
        self._clients = clients
        self._startable = Remembered(self._look_up, timing)

    def startable(self, arn: str, role_arn: str) -> DeployedMachine:
        """The machine, if the role may start it. Raises `AccessDenied`, the emulator's StateMachineDoesNotExist,
        `TypeNotSupported`, or `DefinitionError` for a definition that AWS would not have accepted."""
        return self._startable.get((arn, role_arn))

    def find(self, arn: str, kind: str = EXPRESS) -> DeployedMachine:
        """The machine as it is now, whichever role may start it; `TypeNotSupported` if it is not of this kind."""
        found = cast("dict[str, Any]", self._clients.stepfunctions.describe_state_machine(stateMachineArn=arn))
        check_type(arn, found["type"], kind)
        logging: dict[str, Any] = found.get("loggingConfiguration") or {}
        return DeployedMachine(
            arn=arn,
            name=found["name"],
            role_arn=found["roleArn"],
            machine=_compiled(found["definition"], kind),
            log_group=log_group(logging),
            log_level=logging.get("level", "OFF"),
            log_data=logging.get("includeExecutionData", False),
        )

    def _look_up(self, key: tuple[str, str]) -> DeployedMachine:
        arn, role_arn = key
        self._check_permission(arn, role_arn)
        return self.find(arn)

    def _check_permission(self, arn: str, role_arn: str) -> None:
        # By the emulator's own evaluation of the role's policies: no machine is started on the emulator, which would
        # therefore never deny it.
        response = self._clients.iam.simulate_principal_policy(
            PolicySourceArn=role_arn, ActionNames=[START_ACTION], ResourceArns=[arn]
        )
        if any(result["EvalDecision"] != "allowed" for result in response.get("EvaluationResults", [])):
            raise AccessDenied(f"{role_arn} is not authorized to perform: {START_ACTION} on resource: {arn}")


@lru_cache(maxsize=64)
def _compiled(definition: str, kind: str) -> Machine:
    """Compiling the shipped machine takes 20 ms, so a definition is compiled once."""
    return Machine.load(definition, kind)
