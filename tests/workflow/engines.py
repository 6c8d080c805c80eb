"""The two engines that run state machines in these tests: the laptop's own, and the emulator's as its oracle."""

import dataclasses
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from asl import HistoryEvent, Machine
from infrastructure.blocks.iam import document, trust
from infrastructure.blocks.location import Location
from infrastructure.pipeline.machine_policy import machine_statements
from local.emulator.clients import Clients
from local.program.resources.policies import trusting_the_laptop
from local.services.states.machines import DeployedMachine
from local.services.states.service import ExpressService, context

Definition = dict[str, Any]
Break = Callable[[Definition], None]


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How an execution ended, the states that it entered, and those of them that called a service."""

    status: str
    output: Any = None
    error: str | None = None
    cause: str | None = None
    states: tuple[str, ...] = ()
    callers: frozenset[str] = frozenset()

    @property
    def transitions(self) -> set[tuple[str, str]]:
        """Every transition from one state to the next."""
        return set(zip(self.states, self.states[1:], strict=False))


class Runner(Protocol):
    """Runs a deployed machine, or a variant of it under the role that its definition requires."""

    def execution_id(self, arn: str, name: str) -> str: ...

    def run(self, arn: str, variant: Definition | None, event: str, name: str) -> Execution: ...


class Lucky(random.Random):
    """Draws nearly the shortest back-offs of full jitter, so that no test waits long."""

    def random(self) -> float:
        return 0.04


class LaptopEngine:
    """The laptop's engine. A variant gets its own role, computed from its definition as in the program."""

    def __init__(self, clients: Clients, location: Location, express: ExpressService) -> None:
        self._clients = clients
        self._location = location
        self._express = express

    def execution_id(self, arn: str, name: str) -> str:
        return arn.replace(":stateMachine:", ":express:") + f":{name}:{name}"

    def run(self, arn: str, variant: Definition | None, event: str, name: str) -> Execution:
        deployed = self._express.machines.find(arn)
        if variant is not None:
            deployed = self._variant(deployed, variant)
        about = dataclasses.replace(context(deployed, name), execution_arn=self.execution_id(arn, name))
        events: list[HistoryEvent] = []
        ended = self._express.execute(deployed, event, about=about, observe=events.append, rng=Lucky())
        assert ended.arn == self.execution_id(arn, name)
        states, callers = _path(events)
        output = json.loads(ended.output) if ended.output else None
        return Execution(
            status=ended.status, output=output, error=ended.error, cause=ended.cause, states=states, callers=callers
        )

    def _variant(self, deployed: DeployedMachine, definition: Definition) -> DeployedMachine:
        name = f"variant-{uuid.uuid4()}"
        statements = machine_statements(definition, self._location)
        role_arn = make_role(self._clients, self._location, name, document(*statements))
        return dataclasses.replace(deployed, machine=Machine.load(json.dumps(definition)), role_arn=role_arn)


class EmulatorEngine:
    """The emulator's engine: no roles, no jitter, at least 150 ms per run."""

    def __init__(self, clients: Clients) -> None:
        self._sfn: Any = clients.stepfunctions

    def execution_id(self, arn: str, name: str) -> str:
        return arn.replace(":stateMachine:", ":execution:") + f":{name}"

    def run(self, arn: str, variant: Definition | None, event: str, name: str) -> Execution:
        if variant is not None:
            role = self._sfn.describe_state_machine(stateMachineArn=arn)["roleArn"]
            arn = make_machine(self._sfn, role, variant)
        response = self._sfn.start_sync_execution(stateMachineArn=arn, input=event, name=name)
        events = self._sfn.get_execution_history(executionArn=response["executionArn"])["events"]
        states = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
        failed = response["status"] != "SUCCEEDED"
        return Execution(
            status=response["status"],
            output=None if failed else json.loads(response["output"]),
            error=response.get("error"),
            cause=response.get("cause"),
            states=tuple(states),
        )


def make_role(clients: Clients, location: Location, name: str, policy: dict[str, Any]) -> str:
    """Create a role for state machines with this policy, and return its ARN."""
    trusted = trusting_the_laptop(json.dumps(trust("states", location, location.arn("states", "stateMachine:*"))))
    role = clients.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    clients.iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
    return role


def make_machine(sfn: Any, role_arn: str, definition: Definition) -> str:
    """Create an Express machine on the emulator, and return its ARN."""
    name = f"machine-{uuid.uuid4()}"
    created = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role_arn, type="EXPRESS")
    return created["stateMachineArn"]


def _path(events: list[HistoryEvent]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The states entered, and those whose task was scheduled: its arguments were valid, so it was called."""
    entered: list[str] = []
    callers: set[str] = set()
    for event in events:
        if event.type.endswith("StateEntered"):
            entered.append(event.details["name"])
        elif event.type == "TaskScheduled":
            callers.add(entered[-1])
    return tuple(entered), frozenset(callers)
