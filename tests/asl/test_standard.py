"""Standard workflows: task tokens, heartbeats, stopping, and limits."""

import threading
from typing import Any

import pytest

from asl import (
    DefinitionError,
    ExecutionContext,
    ExecutionStatus,
    HistoryEvent,
    Machine,
    RealClock,
    Scheduler,
    TaskFailure,
    TaskRequest,
    VirtualClock,
)
from tests.asl.standard_machines import START, Worker, a_machine, run


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


def test_an_execution_can_be_stopped_before_its_first_state_with_a_reason() -> None:
    machine, events = Machine.load(a_machine(), "STANDARD"), list[HistoryEvent]()
    outcome = machine.run(
        {}, tasks=Worker(), begun=lambda one: one.abort("Enough", "of this"), observe=events.append, clock=RealClock()
    )
    assert (outcome.status, outcome.error, outcome.cause) == (ExecutionStatus.ABORTED, "Enough", "of this")
    assert events[-1].details == {"error": "Enough", "cause": "of this"}


def test_the_history_says_when_the_token_was_passed_on() -> None:
    events: list[HistoryEvent] = []
    machine = Machine.load(a_machine(), "STANDARD")
    worker = Worker(lambda *_: {"note": 1})
    machine.run({}, tasks=worker, clock=VirtualClock(START), observe=events.append, begun=worker.begun)
    (submitted,) = [event for event in events if event.type == "TaskSubmitted"]
    assert submitted.details["resource"] == "invoke.waitForTaskToken"
    assert submitted.details["output"] == {"note": 1}
    assert [event.type for event in events[2:6]] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut"]


def test_an_execution_whose_history_is_full_fails_with_its_last_event() -> None:
    """As on AWS, 25,000 events are the most, and nothing catches this."""
    endless = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "End"}], "Default": "Again"}
    states = {"Again": endless, "End": {"Type": "Succeed"}}
    machine = Machine.load({"QueryLanguage": "JSONata", "StartAt": "Again", "States": states}, "STANDARD")
    events: list[HistoryEvent] = []
    outcome = machine.run({}, tasks=Worker(), clock=VirtualClock(START), observe=events.append)
    cause = "The execution reached the maximum number of history events (25000)."
    assert (outcome.status, outcome.error, outcome.cause) == (ExecutionStatus.FAILED, "States.Runtime", cause)
    assert [event.id for event in events] == list(range(1, 25_001))
    assert (events[-2].type, events[-1].type) == ("ChoiceStateExited", "ExecutionFailed")


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
