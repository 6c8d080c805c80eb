"""Builders for machines, and helpers that run them on virtual time."""

import random
from typing import Any

from asl import ExecutionContext, FakeTasks, HistoryEvent, Machine, Outcome, VirtualClock

LAMBDA = "arn:aws:states:::lambda:invoke"
START = 1_800_000_000.0
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def machine(start: str | None = None, *, timeout: int | None = None, **states: dict[str, Any]) -> Machine:
    """A JSONata machine of these states. It starts with the first, unless `start` names another."""
    data: dict[str, Any] = {
        "QueryLanguage": "JSONata",
        "StartAt": start or next(iter(states)),
        "States": states,
    }
    return Machine.load(data if timeout is None else {**data, "TimeoutSeconds": timeout})


def task(**fields: Any) -> dict[str, Any]:
    """A Task state that ends the machine unless `Next` is given."""
    return {"Type": "Task", "Resource": LAMBDA, **({} if "Next" in fields else {"End": True}), **fields}


def passing(**fields: Any) -> dict[str, Any]:
    """A Pass state that ends the machine unless `Next` is given."""
    return {"Type": "Pass", **({} if "Next" in fields else {"End": True}), **fields}


def run(subject: Machine, value: Any = None, fakes: Any = None, clock: VirtualClock | None = None) -> Outcome:
    """The outcome on virtual time."""
    return subject.run(
        {} if value is None else value,
        tasks=FakeTasks(fakes or {}),
        context=ExecutionContext(name="run", machine_name="m"),
        clock=clock or VirtualClock(START),
        rng=random.Random(1),
    )


def output_of(expression: str, value: Any = None) -> Any:
    """The output of a Pass state whose `Output` is the expression."""
    outcome = run(machine(Do=passing(Output="{% " + expression + " %}")), value)
    assert outcome.status == "SUCCEEDED", outcome
    return outcome.output


def cause_of(expression: str, value: Any = None) -> str:
    """The cause with which a Pass state fails because of its `Output`, without the opening that names the state."""
    outcome = run(machine(Do=passing(Output="{% " + expression + " %}")), value)
    assert outcome.error == "States.QueryEvaluationError", outcome
    opening = "An error occurred while executing the state 'Do' (entered at the event id #2). "
    assert outcome.cause is not None
    assert outcome.cause.startswith(opening)
    return outcome.cause.removeprefix(opening)


def seconds_taken(subject: Machine, fakes: Any = None, value: Any = None) -> float:
    """The virtual seconds that an execution takes."""
    clock = VirtualClock(START)
    run(subject, value, fakes, clock)
    return clock.now() - START


def history_of(subject: Machine, value: Any = None, fakes: Any = None) -> list[HistoryEvent]:
    """The history of an execution."""
    events: list[HistoryEvent] = []
    subject.run(value or {}, tasks=FakeTasks(fakes or {}), clock=VirtualClock(START), observe=events.append)
    return events


def shape_of(events: list[HistoryEvent]) -> list[tuple[int, str, int]]:
    """Ids, types and previous ids."""
    return [(event.id, event.type, event.previous_event_id) for event in events]
