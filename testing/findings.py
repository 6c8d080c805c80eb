"""What a test asserts about all tasks at once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from statemachine.loader import raw_definition, raw_long_definition
from testing.pipeline.executions import Execution
from testing.pipeline.faults import Faults
from testing.pipeline.runs import Run
from testing.tasks import SubmittedTask


@cache
def task_states() -> tuple[str, ...]:
    """The states of the shipped machines that make a call."""
    states = {**raw_definition()["States"], **raw_long_definition()["States"]}
    return tuple(name for name, state in states.items() if state["Type"] == "Task")


def as_body(task: Mapping[str, Any]) -> str:
    """The body of the task's message."""
    return json.dumps(task)


def transitions(executions: Iterable[Execution]) -> set[tuple[str, str]]:
    """Each state with the state that followed."""
    states = [[step.state for step in execution.steps] for execution in executions]
    return {pair for names in states for pair in pairwise(names)}


def assert_order(tasks: Sequence[SubmittedTask], runs: Sequence[Run]) -> None:
    """That no task of a key ran before the last run of one that was submitted earlier."""
    __tracebackhide__ = True
    ended: dict[str, tuple[float, str]] = {}
    for task in tasks:
        own = [run for run in runs if run.task_id == task.task_id and not _redriven_before(task, run)]
        until, before = ended.get(task.group, (0.0, ""))
        if own and own[0].at < until:
            raise AssertionError(
                f"{task!r} ran {until - own[0].at:.3f} s before the end of task {before}, "
                f"which was submitted earlier with the same ordering key"
            )
        if own:
            ended[task.group] = max((until, before), (own[-1].at + own[-1].seconds, task.task_id))


def _redriven_before(task: SubmittedTask, run: Run) -> bool:
    return task.redriven_at is not None and run.at >= task.redriven_at.timestamp()


def assert_seen(tasks: Iterable[SubmittedTask], tried: Iterable[Run]) -> None:
    """That the test looked at every failure."""
    __tracebackhide__ = True
    unseen = [
        f"{task!r} failed, and the test did not look at it\n{task.story()}" for task in tasks if task.failed_unseen()
    ]
    unseen += [
        f"a run of {run.type} failed, and the test did not look at it\n{run.traceback}"
        for run in tried
        if run.exception is not None and not run.looked_at
    ]
    if unseen:
        raise AssertionError("\n".join(unseen))


def assert_used(faults: Faults) -> None:
    """That every fault happened: one that did not tests nothing."""
    __tracebackhide__ = True
    if unused := faults.unused():
        steps = ", ".join(f"{fault.step} ({fault.kind.name.lower()})" for fault in unused)
        raise AssertionError(f"faults that never happened: {steps}")
