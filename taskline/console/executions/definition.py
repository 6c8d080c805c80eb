"""A state machine's definition as the console reads it: its states, the scopes they stand in, and their transitions.

It reads what is there and refuses little: a deployed definition was checked by Step Functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

Source = Mapping[str, Any]


class DefinitionUnreadable(Exception):
    """The text is not the definition of a state machine."""


class Kind(StrEnum):
    """Why a transition is taken."""

    NEXT = "next"
    CHOICE = "choice"
    DEFAULT = "default"
    CATCH = "catch"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One way from a state to another of its scope. `label` is short; `detail` is the condition, or the errors."""

    source: str
    target: str
    kind: Kind
    label: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class State:
    """One state. `parent` is the Parallel or Map state that it stands in, None at the top."""

    name: str
    type: str
    parent: str | None
    resource: str
    ends: bool
    source: Source

    @property
    def comment(self) -> str:
        """What its author says about it."""
        return str(self.source.get("Comment", ""))


@dataclass(frozen=True, kw_only=True)
class Scope:
    """States that lead to one another: the whole machine, a branch of a Parallel state, or the processor of a Map."""

    start: str
    states: tuple[str, ...]
    transitions: tuple[Transition, ...]
    owner: str | None = None
    branch: int = 0

    @property
    def targets(self) -> frozenset[tuple[str, str]]:
        """All pairs of states that a transition joins."""
        return frozenset((one.source, one.target) for one in self.transitions)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A machine: its scopes, the outermost first, and all states by name. Names are unique in a machine."""

    scopes: tuple[Scope, ...]
    states: Mapping[str, State]
    comment: str = ""

    @property
    def top(self) -> Scope:
        """The outermost scope."""
        return self.scopes[0]

    @property
    def targets(self) -> frozenset[tuple[str, str]]:
        """All pairs of states that a transition joins, in any scope."""
        return frozenset(pair for scope in self.scopes for pair in scope.targets)

    def with_resource(self, action: str, service: str) -> tuple[str, ...]:
        """The states that call this action of a service, as log events name them: `invoke.waitForTaskToken` is one."""
        ending = f":{service}:{action.partition('.')[0]}"
        return tuple(name for name, state in self.states.items() if state.resource.partition(".")[0].endswith(ending))


def parse(text: str) -> Definition:
    """Read a definition; raises `DefinitionUnreadable` with the reason."""
    try:
        source: Any = json.loads(text)
    except ValueError as error:
        raise DefinitionUnreadable(f"the definition is not JSON: {error}") from error
    scopes: list[Scope] = []
    states: dict[str, State] = {}
    _read(source, None, 0, scopes, states)
    return Definition(scopes=tuple(scopes), states=states, comment=str(source.get("Comment", "")))


def _read(source: Any, owner: str | None, branch: int, scopes: list[Scope], states: dict[str, State]) -> None:
    if not isinstance(source, dict) or not isinstance(cast(Source, source).get("States"), dict):
        raise DefinitionUnreadable("the definition has no States")
    machine = cast(Source, source)
    own: Mapping[str, Source] = machine["States"]
    start = str(machine.get("StartAt", ""))
    if start not in own:
        raise DefinitionUnreadable(f"the definition starts at {start!r}, which is none of its states")
    found = [one for name, state in own.items() for one in _transitions(name, state) if one.target in own]
    scopes.append(Scope(start=start, states=tuple(own), transitions=tuple(found), owner=owner, branch=branch))
    for name, state in own.items():
        states[name] = _state(name, state, owner)
    for name, state in own.items():
        for index, inner in enumerate(_inner(state)):
            _read(inner, name, index, scopes, states)


def _state(name: str, source: Source, parent: str | None) -> State:
    kind = str(source.get("Type", ""))
    ends = bool(source.get("End")) or kind in ("Succeed", "Fail")
    return State(
        name=name, type=kind, parent=parent, resource=str(source.get("Resource", "")), ends=ends, source=source
    )


def _inner(state: Source) -> Sequence[Any]:
    if state.get("Type") == "Parallel":
        return cast(Sequence[Any], state.get("Branches") or ())
    processor = state.get("ItemProcessor") or state.get("Iterator")
    return (processor,) if state.get("Type") == "Map" and processor else ()


def _transitions(name: str, state: Source) -> Iterator[Transition]:
    if "Next" in state:
        yield Transition(source=name, target=str(state["Next"]), kind=Kind.NEXT)
    for number, rule in enumerate(cast(Sequence[Source], state.get("Choices") or ()), 1):
        yield Transition(
            source=name,
            target=str(rule.get("Next", "")),
            kind=Kind.CHOICE,
            label=f"rule {number}",
            detail=_condition(rule),
        )
    if "Default" in state:
        yield Transition(source=name, target=str(state["Default"]), kind=Kind.DEFAULT, label="default")
    for catcher in cast(Sequence[Source], state.get("Catch") or ()):
        errors = [str(error) for error in catcher.get("ErrorEquals") or ()]
        yield Transition(
            source=name,
            target=str(catcher.get("Next", "")),
            kind=Kind.CATCH,
            label=_errors(errors),
            detail=", ".join(errors),
        )


def _condition(rule: Source) -> str:
    condition = rule.get("Condition")
    if condition is None:
        condition = {key: value for key, value in rule.items() if key not in ("Next", "Assign", "Output", "Comment")}
    return condition if isinstance(condition, str) else json.dumps(condition)


def _errors(errors: Sequence[str]) -> str:
    """`catch Timeout`, or `catch Timeout +2`: without the error's service, which the title has."""
    if not errors:
        return "catch"
    if list(errors) == ["States.ALL"]:
        return "catch all"
    more = f" +{len(errors) - 1}" if len(errors) > 1 else ""
    return f"catch {errors[0].rpartition('.')[2].removesuffix('Exception')}{more}"
