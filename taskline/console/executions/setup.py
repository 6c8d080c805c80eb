"""What a stage says about a machine: its definition and its versions, where it logs, and how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from taskline.console.executions.definition import Definition, DefinitionUnreadable, parse
from taskline.console.executions.events import LONGEST_MS, LogEvent
from taskline.console.executions.history import HistoryClient
from taskline.console.executions.placing import ENTERED

MOST_VERSIONS: Final = 10
STANDARD: Final = "STANDARD"
LONGEST_STANDARD_MS: Final = 366 * 24 * 3_600_000


class StatesClient(HistoryClient, Protocol):
    """The methods of a Step Functions client that are used."""

    def describe_state_machine(self, **request: Any) -> Any: ...

    def list_state_machine_versions(self, **request: Any) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A machine as it is deployed now. `log_group` is "" if it has none; `level` is ALL, ERROR, FATAL or OFF.

    `data` says whether the stage wants inputs, outputs and variables to be seen.
    """

    arn: str
    definition: Definition
    log_group: str
    level: str
    data: bool
    kind: str = "EXPRESS"

    @property
    def logs(self) -> bool:
        """Whether anything is logged."""
        return bool(self.log_group) and self.level != "OFF"

    @property
    def keeps_history(self) -> bool:
        """Whether Step Functions itself keeps the events of executions."""
        return self.kind == STANDARD

    @property
    def knows_all(self) -> bool:
        """Whether events of all types are kept, in a history or in a log."""
        return self.keeps_history or self.level == "ALL"

    @property
    def longest_ms(self) -> int:
        """How long an execution can take."""
        return LONGEST_STANDARD_MS if self.keeps_history else LONGEST_MS


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The definition that an execution is shown with. `version` is "" for the current one; `fits` if every state that
    the execution entered, and every step between two, is in it.
    """

    definition: Definition
    version: str = ""
    fits: bool = True


def machine_arn(execution_arn: str) -> str:
    """The machine's ARN, from `arn:aws:states:REGION:ACCOUNT:express:MACHINE:NAME:ID`, or `execution` without the
    ID; raises `ValueError`.
    """
    parts = execution_arn.split(":")
    if len(parts) < 8 or parts[0] != "arn" or parts[2] != "states" or parts[5] not in ("express", "execution"):
        raise ValueError(f"{execution_arn!r} is not the ARN of an execution")
    return ":".join([*parts[:5], "stateMachine", parts[6]])


def describe(states: StatesClient, arn: str) -> Setup:
    """The machine as deployed. Raises what the client raises, and `DefinitionUnreadable`."""
    found = cast(Mapping[str, Any], states.describe_state_machine(stateMachineArn=arn))
    logging = cast(Mapping[str, Any], found.get("loggingConfiguration") or {})
    return Setup(
        arn=arn,
        definition=parse(found["definition"]),
        log_group=_log_group(logging),
        level=str(logging.get("level", "OFF")),
        data=bool(logging.get("includeExecutionData")),
        kind=str(found.get("type", "EXPRESS")),
    )


def choose(states: StatesClient, setup: Setup, events: Iterable[LogEvent]) -> Chosen:
    """The current definition if the events fit it, else the newest published version that they fit.

    An execution's ARN names no version, so the events decide. Raises what the client raises.
    """
    known = tuple(events)
    if fits(setup.definition, known):
        return Chosen(definition=setup.definition)
    listed = cast(Mapping[str, Any], states.list_state_machine_versions(stateMachineArn=setup.arn))
    for version in listed.get("stateMachineVersions", ())[:MOST_VERSIONS]:
        arn = str(version["stateMachineVersionArn"])
        try:
            definition = describe(states, arn).definition
        except DefinitionUnreadable:
            continue
        if fits(definition, known):
            return Chosen(definition=definition, version=arn.rpartition(":")[2])
    return Chosen(definition=setup.definition, fits=False)


def fits(definition: Definition, events: Iterable[LogEvent]) -> bool:
    """Whether the definition has all states that were entered, with their types, and all transitions between them."""
    exits: dict[int, str] = {}
    for event in events:
        name = str(event.details.get("name", ""))
        if event.type.endswith(ENTERED):
            state = definition.states.get(name)
            if state is None or state.type != event.type.removesuffix(ENTERED):
                return False
            before = exits.get(event.previous)
            if before is not None and not _may_follow(definition, before, name):
                return False
        elif event.type.endswith("StateExited"):
            exits[event.id] = name
    return True


def _may_follow(definition: Definition, before: str, name: str) -> bool:
    first, second = definition.states.get(before), definition.states.get(name)
    if first is None or second is None or first.parent != second.parent:
        return first is not None  # the first state of an iteration follows the last one of another
    return (before, name) in definition.targets or definition.states[name].parent is not None


def _log_group(logging: Mapping[str, Any]) -> str:
    for destination in cast(Iterable[Mapping[str, Any]], logging.get("destinations") or ()):
        arn = str(destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", ""))
        return arn.removesuffix(":*").partition(":log-group:")[2]
    return ""
