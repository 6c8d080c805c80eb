"""One visit to a state: what its expressions see, how it exits, and how it fails."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from asl.core.errors import DATA_LIMIT, QUERY, RUNTIME, ExpressionFailed, StateFailed
from asl.core.templates import Json, Template, compact, json_type, typed
from asl.core.times import iso_time
from asl.definition.model import DataFlow, Guarded, State, WaitState
from asl.execution.checkpoint import Checkpoint, Keep
from asl.execution.commands import Command, Sleep
from asl.execution.history import Chain
from asl.execution.run import Run
from asl.jsonata import Frame
from asl.jsonpath import Path, PathFailed, compile_path
from asl.states.dataflow import effective_input, shaped_output, with_result

MAX_BYTES: Final = 262_144
"""The largest JSON value that may pass from state to state."""

OWN_RESULT_PATH: Final = compile_path("$")
"""Stands for the `ResultPath` of the state itself."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What the states of a running graph share: their variables, their chain of events, and their item of a Map."""

    scope: Frame
    chain: Chain
    item: Json = None
    in_parallel: bool = False
    keep: Keep | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """The way out of a state. `next` is `None` at the end of the graph."""

    next: str | None
    output: Json


class Visit:
    """One visit to a state, including all its attempts. `resumed` is where an earlier process left it."""

    __slots__ = (
        *("before", "branch", "chain", "context", "effective", "entered", "entered_at", "input", "resumed"),
        *("retries", "run", "state", "used"),
    )

    def __init__(self, run: Run, state: State, value: Json, branch: Branch, resumed: Checkpoint | None = None) -> None:
        self.run = run
        self.state = state
        self.input = value
        self.branch = branch
        self.chain = branch.chain
        self.resumed = resumed
        self.used = list(resumed.retries) if resumed else [0] * _retriers(state)
        self.retries = sum(self.used)
        self.before = branch.chain.last
        moment = run.enter()
        self.entered_at = resumed.entered if resumed else moment
        about = {"EnteredTime": iso_time(self.entered_at), "Name": state.name}
        self.context: dict[str, Any] = {**run.context, "State": about}
        if branch.item is not None:
            self.context["Map"] = {"Item": branch.item}
        if isinstance(state, Guarded):
            self.context["State"]["RetryCount"] = self.retries
        self.entered = resumed.entry if resumed else self._enter()
        self.effective = value
        if state.flow is not None:
            self.effective = self.follow(effective_input, state.flow, self.frame())

    def _enter(self) -> int:
        kind = type(self.state).__name__
        return self.run.history.emit(self.chain, f"{kind}Entered", name=self.state.name, input=self.input)

    def retry(self) -> None:
        """Count one more attempt."""
        self.retries += 1
        self.context = {**self.context, "State": {**self.context["State"], "RetryCount": self.retries}}

    def pause(self, seconds: float) -> Generator[Command, Any, None]:
        """Let some time pass. If this process ends meanwhile, the next one lets the rest of it pass."""
        self.keep(until=self.run.clock.now() + seconds)
        yield Sleep(seconds)

    def rest(self) -> Generator[Command, Any, bool]:
        """Let the rest of a pause pass. False if there is none: no process has ended in a pause of this visit."""
        until = self.resumed and self.resumed.until
        if until is None:
            return False
        yield Sleep(max(0.0, until - self.run.clock.now()))
        return True

    def keep(self, **waiting: Any) -> None:
        """Keep a checkpoint, if somebody does; `waiting` are the fields that say for what the state waits."""
        if self.branch.keep is not None:
            self.branch.keep(
                Checkpoint(
                    state=self.state.name,
                    input=self.input,
                    variables=dict(self.branch.scope.bindings),
                    entered=self.entered_at,
                    retries=tuple(self.used),
                    events=self.run.history.count,
                    entry=self.entered,
                    **waiting,
                )
            )

    def frame(self, **more: Json) -> Frame:
        """The frame for this state's expressions; `more` are further members of `$states`."""
        return self.run.frame(self.branch.scope, {"input": self.effective, "context": self.context, **more})

    def follow(self, step: Callable[..., Json], *args: Any) -> Json:
        """Call something that follows paths. A path that leads nowhere is a failure that nothing catches."""
        try:
            return step(*args)
        except PathFailed as failed:
            self.fail_for_good(str(failed))

    def arguments(self, frame: Frame) -> Json:
        """The arguments of a state without `Arguments`: in JSONPath mode its `Parameters`, else its input."""
        flow = self.state.flow
        if flow is None or flow.parameters is None:
            return self.effective
        return self.evaluate(flow.parameters, frame)

    def evaluate(self, template: Template, frame: Frame, expected: str | None = None) -> Json:
        """The value of a field; raises `StateFailed` if its expression fails."""
        if template.constant:
            return template.source
        if self.state.flow is not None:
            return self._by_path(template, frame, expected)
        try:
            return template.evaluate(frame) if expected is None else typed(template, frame, expected)
        except ExpressionFailed as failed:
            self.fail_evaluation(failed)

    def _by_path(self, template: Template, frame: Frame, expected: str | None) -> Json:
        value = self.follow(template.evaluate, frame)
        if expected is not None and json_type(value) != expected:
            self.fail_for_good(f"The value of the field '{template.field}' must be of the type {expected}.")
        return value

    def whole(self, template: Template, frame: Frame, low: int, message: str, high: float | None = None) -> int:
        """A whole number within bounds. `message` is the cause if it is out of bounds."""
        value = self.evaluate(template, frame, "number")
        field = template.field
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int):
            cause = f"The {field} field cannot be parsed as an integer: {compact(value)}"
            self.fail_evaluation(ExpressionFailed(cause, field))
        if value < low or (high is not None and value > high):
            self.fail_evaluation(ExpressionFailed(message.format(field=field, value=value), field))
        return value

    def fail_evaluation(self, failed: ExpressionFailed) -> NoReturn:
        """Fail because of an expression or its value."""
        cause = self.explain(failed.cause)
        details = {"error": QUERY, "cause": cause, "location": failed.location, "state": self.state.name}
        present = {key: value for key, value in details.items() if value is not None}
        # As observed on AWS: if nothing else happened in the state, the event follows the one before the state.
        skips_entry = self.chain.last == self.entered and not isinstance(self.state, WaitState)
        self.run.history.emit(self.chain, "EvaluationFailed", self.before if skips_entry else None, **present)
        raise StateFailed(QUERY, cause) from failed

    def fail_for_good(self, cause: str) -> NoReturn:
        """Fail in a way that nothing catches. The next event is the end of the execution."""
        self.run.history.quiet = True
        raise StateFailed(RUNTIME, self.explain(cause), fatal=True)

    def explain(self, cause: str) -> str:
        """A cause in the words of AWS, which name the state and the event that entered it."""
        name, entered = self.state.name, self.entered
        opening = f"An error occurred while executing the state '{name}' (entered at the event id #{entered})."
        return f"{opening} {cause}"

    def check_size(self, value: Json, source: str | None = None) -> None:
        """Raise `StateFailed` if a value is too large to be passed on."""
        if value is not self.input and is_too_large(value):
            raise StateFailed(DATA_LIMIT, too_large(source or self.state.name))

    def leave(
        self,
        frame: Frame,
        value: Json,
        following: str | None,
        output: Template | None,
        assign: Template | None,
        result_path: Path | None = OWN_RESULT_PATH,
    ) -> Transition:
        """End the visit. Variables change after both `Assign` and `Output` are evaluated.

        `result_path` is the `ResultPath` of a catcher in JSONPath mode.
        """
        flow = self.state.flow
        if flow is not None:
            frame = self.frame(input=value)
        assigned: dict[str, Json] = {} if assign is None else self.evaluate(assign, frame)
        if output is not None:
            value = self.evaluate(output, frame)
        if flow is not None:
            value = self._shape(flow, frame, value, result_path)
        self.check_size(value)
        for variable in assigned.values():
            self.check_size(variable)
        self.branch.scope.bindings.update(assigned)
        self.exit(value, assigned)
        return Transition(following, value)

    def _shape(self, flow: DataFlow, frame: Frame, value: Json, result_path: Path | None) -> Json:
        if result_path is not OWN_RESULT_PATH:
            return self.follow(with_result, result_path, self.input, value)
        if flow.selector is not None:
            value = self.evaluate(flow.selector, frame)
        return self.follow(shaped_output, flow, frame, self.input, value)

    def exit(self, value: Json, assigned: dict[str, Json], previous: int | None = None) -> None:
        """Record the exit of the state in the history."""
        kind = f"{type(self.state).__name__}Exited"
        details: dict[str, Any] = {"name": self.state.name, "output": value}
        if assigned:
            details["assignedVariables"] = assigned
        self.run.history.emit(self.chain, kind, previous, **details)


def _retriers(state: State) -> int:
    return len(state.retry) if isinstance(state, Guarded) else 0


def is_too_large(value: Json) -> bool:
    """Whether a value's JSON has more bytes than may be passed on."""
    kind = json_type(value)
    if kind in ("null", "boolean", "number") or (kind == "string" and len(value) < MAX_BYTES // 6):
        return False
    # Escaping only adds characters: if the escaped text is short enough, so is the value.
    if len(json.dumps(value)) <= MAX_BYTES:
        return False
    return len(compact(value).encode("utf-8", "surrogatepass")) > MAX_BYTES


def too_large(source: str) -> str:
    """The cause of `States.DataLimitExceeded`."""
    return (
        f"The state/task '{source}' returned a result with a size exceeding the maximum number of bytes service limit."
    )


def as_dict(value: Json) -> dict[str, Json]:
    """A JSON value known to be an object."""
    return cast(dict[str, Json], value)
