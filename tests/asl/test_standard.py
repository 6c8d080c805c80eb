"""Standard workflows: task tokens, heartbeats, checkpoints, and stopping."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from asl import (
    Checkpoint,
    DefinitionError,
    ExecutionContext,
    ExecutionStatus,
    Machine,
    Outcome,
    Resumed,
    Scheduler,
    TaskFailure,
    TaskRequest,
    VirtualClock,
)

WAITING = "arn:aws:states:::lambda:invoke.waitForTaskToken"
START = 1_800_000_000.0


def a_machine(**task: Any) -> dict[str, Any]:
    """A state that waits for its token, a pause, and the end."""
    waiting = {
        "Type": "Task",
        "Resource": WAITING,
        "Arguments": {"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}},
        "TimeoutSeconds": 900,
        "Assign": {"answer": "{% $states.result.answer %}"},
        "Next": "Pause",
    }
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Ask",
        "States": {
            "Ask": waiting | task,
            "Pause": {"Type": "Wait", "Seconds": 5, "Next": "End"},
            "End": {"Type": "Succeed", "Output": "{% $answer %}"},
        },
    }


class Worker:
    """Whoever is called with a token: `act` does something with it, at once."""

    blocking = False

    def __init__(self, act: Callable[[Scheduler, str], object] = lambda _scheduler, _token: None) -> None:
        self.tokens: list[str] = []
        self._act = act
        self._schedulers: list[Scheduler] = []

    def begun(self, scheduler: Scheduler) -> None:
        self._schedulers.append(scheduler)

    def run(self, request: TaskRequest) -> Any:
        token = json.loads(json.dumps(request.arguments))["Payload"]["token"]
        self.tokens.append(token)
        return self._act(self._schedulers[-1], token)


def run(worker: Worker, *, clock: VirtualClock | None = None, keep: Any = None, **task: Any) -> tuple[Outcome, float]:
    clock = clock or VirtualClock(START)
    machine = Machine.load(a_machine(**task), "STANDARD")
    outcome = machine.run({}, tasks=worker, clock=clock, begun=worker.begun, keep=keep)
    return outcome, clock.now() - START


def test_a_token_that_comes_back_ends_the_task_with_its_result() -> None:
    outcome, seconds = run(Worker(lambda scheduler, token: scheduler.settle(token, {"answer": 42})))
    assert (outcome.status, outcome.output, seconds) == (ExecutionStatus.SUCCEEDED, 42, 5)


def test_what_the_call_itself_returns_is_nobodys() -> None:
    outcome, seconds = run(Worker(lambda _scheduler, _token: {"answer": 1}))
    assert (outcome.error, seconds) == ("States.Timeout", 900)


def test_a_token_that_comes_back_with_a_failure_can_be_retried_with_another_token() -> None:
    def act(scheduler: Scheduler, token: str) -> None:
        scheduler.settle(token, TaskFailure("Jam", "no paper") if len(worker.tokens) == 1 else {"answer": 2})

    worker = Worker(act)
    outcome, _ = run(worker, Retry=[{"ErrorEquals": ["Jam"], "IntervalSeconds": 1, "MaxAttempts": 1}])
    assert (outcome.output, len(set(worker.tokens))) == (2, 2)


def test_a_call_that_fails_is_the_failure_of_the_task() -> None:
    def act(_scheduler: Scheduler, _token: str) -> None:
        raise TaskFailure("Lambda.ResourceNotFoundException", "gone")

    assert run(Worker(act))[0].error == "Lambda.ResourceNotFoundException"


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout"])
def test_a_missing_heartbeat_is_caught_under_two_names(name: str) -> None:
    caught = [{"ErrorEquals": [name], "Assign": {"answer": 0}, "Next": "End"}]
    outcome, seconds = run(Worker(), HeartbeatSeconds=60, Catch=caught)
    assert (outcome.status, seconds) == (ExecutionStatus.SUCCEEDED, 60)


def test_a_token_is_valid_once_and_only_while_it_is_waited_for() -> None:
    seen: list[bool] = []

    def act(scheduler: Scheduler, token: str) -> None:
        seen.extend([scheduler.beat(token), scheduler.settle(token, {"answer": 1})])
        seen.extend([scheduler.beat(token), scheduler.settle(token, {"answer": 2}), scheduler.settle("none", {})])

    assert run(Worker(act))[0].output == 1
    assert seen == [True, True, False, False, False]


def test_each_sign_extends_the_heartbeat() -> None:
    machine = Machine.load(a_machine(HeartbeatSeconds=1), "STANDARD")
    worker = Worker()

    def begun(scheduler: Scheduler) -> None:
        worker.begun(scheduler)
        for number in range(1, 5):
            threading.Timer(0.5 * number, lambda: scheduler.beat(worker.tokens[0])).start()
        threading.Timer(2.5, lambda: scheduler.settle(worker.tokens[0], {"answer": 1})).start()

    definition = a_machine(HeartbeatSeconds=1)
    definition["States"]["Pause"]["Seconds"] = 0
    machine = Machine.load(definition, "STANDARD")
    assert machine.run({}, tasks=worker, begun=begun).output == 1


def test_an_execution_goes_on_in_another_process_with_the_token_that_it_waited_for() -> None:
    kept: list[Checkpoint] = []
    run(Worker(), keep=kept.append)
    waiting = next(one for one in kept if one.token)
    assert (waiting.state, waiting.called) == ("Ask", START)
    checkpoint = Checkpoint.from_json(json.loads(json.dumps(waiting.as_json())))
    machine, clock = Machine.load(a_machine(), "STANDARD"), VirtualClock(START + 100)
    worker = Worker()

    def begun(scheduler: Scheduler) -> None:
        worker.begun(scheduler)

    outcome = machine.run(
        {}, tasks=worker, clock=clock, resumed=Resumed(started=START, checkpoint=checkpoint), begun=begun
    )
    assert (outcome.error, clock.now() - START) == ("States.Timeout", 900), "it has the time that is left"
    assert worker.tokens == [], "the call is not made again"


def test_an_execution_goes_on_with_its_variables_in_the_state_that_it_was_in() -> None:
    kept: list[Checkpoint] = []
    run(Worker(lambda scheduler, token: scheduler.settle(token, {"answer": 7})), keep=kept.append)
    pause = next(one for one in kept if one.state == "Pause")
    machine = Machine.load(a_machine(), "STANDARD")
    resumed = Resumed(started=START, checkpoint=pause)
    assert machine.run({}, tasks=Worker(), clock=VirtualClock(START + 50), resumed=resumed).output == 7
    assert [one.state for one in kept if one.token is None] == ["Ask", "Pause", "End"]


def test_retries_are_counted_across_processes() -> None:
    kept: list[Checkpoint] = []
    retry = [{"ErrorEquals": ["Jam"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    jam = Worker(lambda scheduler, token: scheduler.settle(token, TaskFailure("Jam", "")))
    run(jam, keep=kept.append, Retry=retry)
    assert len(jam.tokens) == 3
    second = next(one for one in kept if one.retries == (1,) and one.token is None)
    machine, again = Machine.load(a_machine(Retry=retry), "STANDARD"), Worker(jam._act)  # pyright: ignore[reportPrivateUsage]
    machine.run(
        {},
        tasks=again,
        clock=VirtualClock(START),
        resumed=Resumed(started=START, checkpoint=second),
        begun=again.begun,
    )
    assert len(again.tokens) == 2


def test_an_execution_can_be_stopped() -> None:
    machine = Machine.load(a_machine(), "STANDARD")

    def begun(scheduler: Scheduler) -> None:
        threading.Timer(0.05, scheduler.abort).start()

    class Silent(Worker):
        blocking = True

        def run(self, request: TaskRequest) -> Any:
            return None

    events: list[str] = []
    outcome = machine.run({}, tasks=Silent(), begun=begun, observe=lambda event: events.append(event.type))
    assert (outcome.status, events[-1]) == (ExecutionStatus.ABORTED, "ExecutionAborted")


def test_an_execution_may_take_a_year_and_has_an_arn_without_a_run() -> None:
    machine = Machine.load(a_machine(), "STANDARD")
    assert machine.timeout == 365 * 24 * 3600
    about = ExecutionContext(machine_name="m", name="n", kind="STANDARD")
    assert about.execution_id.endswith(":execution:m:n")
    assert about.as_json({}, START)["Execution"]["RedriveCount"] == 0


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        ("arn:aws:states:::states:startExecution.sync:2", "does not support '.sync'"),
        ("arn:aws:states:us-east-1:111122223333:activity:a", "does not support activities"),
        ("arn:aws:states:::lambda:invoke.later", "is not recognized"),
    ],
)
def test_what_this_runner_does_not_have_is_refused(resource: str, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        Machine.load(a_machine(Resource=resource), "STANDARD")


def test_an_express_machine_waits_for_no_token() -> None:
    with pytest.raises(DefinitionError, match=r"Express state machine does not support .\.waitForTaskToken"):
        Machine.load(a_machine())
