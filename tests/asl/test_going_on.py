"""Standard workflows that go on in another process, from the checkpoint that the first one kept."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from asl import (
    Checkpoint,
    ExecutionStatus,
    HistoryEvent,
    Machine,
    Outcome,
    Resumed,
    Scheduler,
    TaskFailure,
    VirtualClock,
)
from tests.asl.standard_machines import START, Worker, a_machine, run, types

RETRY = [{"ErrorEquals": ["Jam"], "IntervalSeconds": 60, "MaxAttempts": 2}]


def answer(scheduler: Scheduler, token: str) -> None:
    scheduler.settle(token, {"answer": 7})


def jam(scheduler: Scheduler, token: str) -> None:
    scheduler.settle(token, TaskFailure("Jam", "no paper"))


def kept(worker: Worker, wanted: Callable[[Checkpoint], bool], **task: Any) -> Checkpoint:
    """The first such checkpoint of an execution, as it comes out of a file."""
    checkpoints: list[Checkpoint] = []
    run(worker, keep=checkpoints.append, **task)
    found = next(one for one in checkpoints if wanted(one))
    return Checkpoint.from_json(json.loads(json.dumps(found.as_json())))


def waits(checkpoint: Checkpoint) -> bool:
    return checkpoint.token is not None


def gone_on(
    checkpoint: Checkpoint, seconds: float, worker: Worker | None = None, **task: Any
) -> tuple[Outcome, float, list[HistoryEvent]]:
    """What becomes of it when it goes on so many seconds after its start, and the events since then."""
    events: list[HistoryEvent] = []
    resumed = Resumed(started=START, checkpoint=checkpoint)
    clock = VirtualClock(START + seconds)
    outcome, ended = run(worker or Worker(), clock=clock, resumed=resumed, observe=events.append, **task)
    return outcome, ended, events


def test_an_execution_waits_on_for_its_token_in_the_time_that_is_left() -> None:
    waiting = kept(Worker(), waits)
    assert (waiting.state, waiting.called) == ("Ask", START)
    worker = Worker()
    outcome, ended, events = gone_on(replace(waiting, passed_on=True), 100, worker)
    assert (outcome.error, ended) == ("States.Timeout", 900)
    assert worker.tokens == [], "the call is not made again"
    assert types(events) == ["TaskTimedOut", "ExecutionFailed"]
    assert (events[0].id, events[0].previous_event_id) == (waiting.events + 1, waiting.events)


def test_a_call_that_was_perhaps_not_made_is_made_again_with_its_token_in_the_time_that_is_left() -> None:
    waiting, worker = kept(Worker(), waits), Worker()
    outcome, ended, events = gone_on(waiting, 100, worker)
    assert worker.tokens == [waiting.token]
    assert (outcome.error, ended) == ("States.Timeout", 900)
    again = ["TaskScheduled", "TaskStarted", "TaskSubmitted"]
    assert types(events) == [*again, "TaskTimedOut", "ExecutionFailed"]
    assert [event.id for event in events] == list(range(waiting.events + 1, waiting.events + 6))


def test_a_call_without_a_token_is_made_again_with_another_one() -> None:
    worker = Worker()
    *_, events = gone_on(kept(Worker(), lambda one: not waits(one)), 0, worker)
    assert types(events) == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut", "ExecutionFailed"]
    assert len(worker.tokens) == 1


def test_a_result_that_had_come_back_is_the_result_of_the_task() -> None:
    waiting, worker = kept(Worker(), waits), Worker()
    outcome, _, events = gone_on(waiting.with_result({"answer": 7}), 100_000, worker)
    assert (outcome.output, worker.tokens) == (7, [])
    assert types(events)[:2] == ["TaskSucceeded", "TaskStateExited"]


def test_a_failure_that_had_come_back_is_the_failure_of_the_task_with_its_retries() -> None:
    waiting, worker = kept(Worker(), waits, Retry=RETRY), Worker(answer)
    outcome, _, events = gone_on(waiting.with_result(TaskFailure("Jam", None)), 0, worker, Retry=RETRY)
    assert events[0].details["error"] == "Jam"
    assert (outcome.output, len(worker.tokens), waiting.token in worker.tokens) == (7, 1, False)


def test_a_result_of_null_is_a_result() -> None:
    outcome, *_ = gone_on(kept(Worker(), waits).with_result(None), 100, Assign={"answer": "{% $states.result %}"})
    assert (outcome.status, outcome.output) == (ExecutionStatus.SUCCEEDED, None)


def test_the_heartbeat_begins_anew_because_nobody_could_give_a_sign() -> None:
    waiting = kept(Worker(), waits, HeartbeatSeconds=60)
    outcome, ended, _ = gone_on(replace(waiting, passed_on=True), 100, HeartbeatSeconds=60)
    assert (outcome.error, ended) == ("States.Timeout", 160)


def test_a_token_is_taken_before_its_state_waits_for_it_again() -> None:
    waiting, took = kept(Worker(), waits), list[bool]()

    def begun(scheduler: Scheduler) -> None:
        token = str(waiting.token)
        took.extend([scheduler.beat(token), scheduler.settle(token, {"answer": 7}), scheduler.settle(token, {})])

    machine, resumed = Machine.load(a_machine(), "STANDARD"), Resumed(started=START, checkpoint=waiting)
    worker = Worker()
    outcome = machine.run({}, tasks=worker, clock=VirtualClock(START), resumed=resumed, begun=begun)
    assert (outcome.output, took, worker.tokens) == (7, [True, True, False], [])


def test_a_token_comes_back_only_if_its_result_could_be_noted() -> None:
    def act(scheduler: Scheduler, token: str) -> None:
        with pytest.raises(OSError, match="full"):
            scheduler.settle(token, {"answer": 1}, note=full)
        scheduler.settle(token, {"answer": 2}, note=lambda: noted.append(token))

    def full() -> None:
        raise OSError("the disk is full")

    noted: list[str] = []
    worker = Worker(act)
    assert run(worker)[0].output == 2
    assert noted == worker.tokens


def test_a_result_that_was_noted_counts_even_if_the_time_is_up_meanwhile() -> None:
    definition = a_machine(TimeoutSeconds=1)
    definition["States"]["Pause"]["Seconds"] = 0
    worker = Worker()
    took: list[bool] = []

    def settle() -> None:
        scheduler, token = worker.schedulers[-1], worker.tokens[-1]
        took.append(scheduler.settle(token, {"answer": 1}, note=lambda: time.sleep(0.7)))

    threading.Timer(0.7, settle).start()
    outcome = Machine.load(definition, "STANDARD").run({}, tasks=worker, begun=worker.begun)
    assert (outcome.output, took) == (1, [True])


def test_an_execution_goes_on_with_its_variables_in_the_state_that_it_was_in() -> None:
    pause = kept(Worker(answer), lambda one: one.state == "Pause")
    assert gone_on(pause, 50)[0].output == 7


def test_retries_are_counted_across_processes() -> None:
    jams = Worker(jam)
    first = kept(Worker(jam), lambda one: one.retries == (1,) and waits(one), Retry=RETRY)
    outcome, *_ = gone_on(first, 60, jams, Retry=RETRY)
    assert (outcome.error, len(jams.tokens)) == ("Jam", 2)


def test_a_pause_before_a_retry_lasts_as_long_as_it_would_have() -> None:
    pausing = kept(Worker(jam), lambda one: one.retries == (1,), Retry=RETRY)
    worker = Worker(answer)
    outcome, ended, events = gone_on(pausing, 20, worker, Retry=RETRY)
    assert (outcome.output, ended, len(worker.tokens)) == (7, 60 + 5, 1)
    assert types(events)[0] == "TaskScheduled"


@pytest.mark.parametrize(("seconds", "ended"), [(3, 5), (50, 50)])
def test_a_wait_lasts_as_long_as_it_would_have(seconds: float, ended: float) -> None:
    pause = kept(Worker(answer), lambda one: one.state == "Pause" and one.until is not None)
    assert gone_on(pause, seconds)[1] == ended


def test_a_wait_until_a_moment_that_was_reckoned_keeps_that_moment() -> None:
    """Evaluated again, the moment would be a later one."""
    wait = {"Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 5000) %}", "End": True}
    machine = Machine.load({"QueryLanguage": "JSONata", "StartAt": "Wait", "States": {"Wait": wait}}, "STANDARD")
    checkpoints: list[Checkpoint] = []
    machine.run({}, tasks=Worker(), clock=VirtualClock(START), keep=checkpoints.append)
    clock, resumed = VirtualClock(START + 3), Resumed(started=START, checkpoint=checkpoints[-1])
    machine.run({}, tasks=Worker(), clock=clock, resumed=resumed)
    assert clock.now() == START + 5
