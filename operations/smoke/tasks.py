"""Tasks that succeed, that are refused, repeated, cancelled, retried, and that fail."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

from operations.smoke.letters import DeadLetters
from operations.smoke.logs import execution_log
from operations.smoke.run import Row, Run, same, unchecked

RUNS: Final = 15
"""More runs of tasks than all checks together cause."""

_CHANCE: Final = 0.5
_SLOW_MILLISECONDS: Final = 1500
_IN_ORDER: Final = 4


def health(run: Run) -> Iterator[Row]:
    """The API answers at all."""
    answer = run.api.request("GET", "/health")
    yield same("the API is healthy", "200 healthy", f"{answer.status} {answer.document.get('status')}")


def succeeding(run: Run) -> Iterator[Row]:
    """A task that does what it should."""
    data = {"run": run.name, "number": 7}
    task = run.ended(run.submit("demo.echo", data))
    run.succeeded = task["status"] == "succeeded"
    yield same("a task succeeds", "succeeded, 1 run", ending(task))
    yield same("its history", "queued, processing, succeeded", ", ".join(one["status"] for one in task["history"]))
    yield same("its result is its data", data, task.get("result"))


def refused(run: Run) -> Iterator[Row]:
    """Requests that have no effect."""
    yield same("an unknown type is refused", "400 type", _refusal(run, "smoke.unknown", {}))
    yield same("wrong data is refused", "400 data.milliseconds", _refusal(run, "demo.slow", {"milliseconds": -1}))
    answer = run.api.request("POST", "/tasks", "{")
    yield same("a body that is not JSON is refused", 400, answer.status)


def _refusal(run: Run, kind: str, data: Mapping[str, object]) -> str:
    answer = run.post(kind, data)
    fields = [error["field"] for error in answer.document.get("errors", [])]
    return f"{answer.status} {', '.join(fields)}"


def repeated(run: Run) -> Iterator[Row]:
    """A request that is sent again with its `Idempotency-Key`."""
    answers = [run.post("default", {"n": n}, Idempotency_Key=run.name) for n in (1, 1, 2)]
    yield same("a repeated request", "202, 202, 422", ", ".join(str(one.status) for one in answers))
    first, second = (one.document.get("task_id") for one in answers[:2])
    replayed = answers[1].headers.get("idempotent-replayed")
    yield same("it is the same task", f"{first}, replayed: true", f"{second}, replayed: {replayed}")


def in_order(run: Run) -> Iterator[Row]:
    """Tasks of one key, one after the other."""
    ids = [run.submit("demo.echo", {"n": n}, key="order") for n in range(_IN_ORDER)]
    tasks = [run.ended(task_id) for task_id in ids]
    times = [(task.get("started_at", ""), task.get("finished_at", "")) for task in tasks]
    ordered = all(before[1] and before[1] <= after[0] for before, after in itertools.pairwise(times))
    yield same("tasks of a key run in their order", "one after the other", "one after the other" if ordered else times)


def cancelled(run: Run) -> Iterator[Row]:
    """A task that is cancelled while it waits behind another one of its key."""
    unknown = run.api.request("DELETE", f"/tasks/{run.name}")  # so that the function is warm: the next one is a race
    yield same("an unknown task cannot be cancelled", 404, unknown.status)
    before = [run.submit("demo.slow", {"milliseconds": _SLOW_MILLISECONDS}, key="cancel") for _ in range(2)]
    waiting = run.submit("demo.echo", {}, key="cancel")
    answer = run.api.request("DELETE", f"/tasks/{waiting}")
    yield same("a waiting task is cancelled", "200 cancelled", f"{answer.status} {answer.document.get('status')}")
    endings = [ending(run.ended(task_id)) for task_id in before]
    yield same("tasks before it go on", "succeeded, 1 run", ", ".join(dict.fromkeys(endings)))
    yield same("the cancelled one never runs", "cancelled, 0 runs", ending(run.ended(waiting)))


def retried(run: Run) -> Iterator[Row]:
    """A task that fails for a transient reason, and succeeds at the second attempt."""
    check = "a transient failure is retried"
    enough = runs_that_open_the_breaker(run)
    if enough <= RUNS:
        yield unchecked(check, f"{enough:g} runs can open the breaker of this stack")
        return
    task = run.ended(run.submit("demo.flaky", flaky("NETWORK")))
    yield same(check, "succeeded, 2 runs", ending(task))
    errors = [one["error"]["class"] for one in task["history"] if "error" in one]
    yield same("its history has the failed run", "NETWORK", ", ".join(errors))


def runs_that_open_the_breaker(run: Run) -> float:
    """How many runs within a period the breaker needs: the threshold of its alarm. 0 if there is no alarm."""
    found = run.stack.client("cloudwatch").describe_alarms(AlarmNames=[f"{run.stack.prefix}-breaker-volume"])
    return max((float(alarm["Threshold"]) for alarm in found["MetricAlarms"]), default=0)


def failing(run: Run) -> Iterator[Row]:
    """A task that fails for good, its dead letter and its execution's log; a redrive lets it succeed."""
    letters = DeadLetters(run.stack)
    task_id = run.submit("demo.flaky", flaky("VALIDATION"))
    try:
        task = run.ended(task_id)
        yield same("a permanent failure is not retried", "failed, 1 run", ending(task))
        yield same("its record has the reason", "VALIDATION", task.get("error", {}).get("class"))
        letter = run.until(lambda: letters.peek(task_id), bool) or {}
        found = f"{letter.get('error', {}).get('class')}, attempts: {letter.get('attempts')}"
        yield same("its dead letter has it, too", "VALIDATION, attempts: 1", found)
        yield execution_log(run, letter.get("execution", ""))
        yield from _alarmed(run)
        yield from _redriven(run, task_id)
    finally:
        letters.remove(task_id)  # only if the redrive has not


def _alarmed(run: Run) -> Iterator[Row]:
    check, name = "the alarm dead-letters goes off", f"{run.stack.prefix}-dead-letters"
    if not run.stack.on_aws:
        yield unchecked(check, "the laptop edition has no metrics of queues")
        return
    cloudwatch = run.stack.client("cloudwatch")
    alarms = run.until(
        lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"],
        lambda seen: any(one["StateValue"] == "ALARM" for one in seen),
    )
    yield same(check, "ALARM", ", ".join(one["StateValue"] for one in alarms) or "no such alarm")


def _redriven(run: Run, task_id: str) -> Iterator[Row]:
    answer = run.api.request("POST", f"/tasks/{task_id}/redrive")
    found = f"{answer.status}, dead letters removed: {answer.document.get('dead_letters_removed')}"
    yield same("it can be redriven", "202, dead letters removed: 1", found)
    task = run.until(lambda: run.read(task_id), lambda seen: seen["status"] == "succeeded")
    yield same(
        "and then succeeds", "succeeded, 2 runs, redrives: 1", f"{ending(task)}, redrives: {task.get('redrives')}"
    )


def ending(task: Mapping[str, Any]) -> str:
    """How a task ended, in a few words."""
    runs = task.get("attempts", 0)
    return f"{task['status']}, {runs} run{'' if runs == 1 else 's'}"


def flaky(error_class: str) -> dict[str, object]:
    """Data with which `demo.flaky` fails at the first attempt and succeeds at the second.

    It draws from the seed and the number of the attempt alone, as is done here.
    """
    draws = ([random.Random(f"{seed}/{attempt}").random() for attempt in (1, 2)] for seed in itertools.count())
    seed = next(seed for seed, (first, second) in enumerate(draws) if first < _CHANCE <= second)
    return {"probability": _CHANCE, "error_class": error_class, "seed": seed}
