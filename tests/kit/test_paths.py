"""Every state and every transition of the shipped machine can be reached with the kit, in a user's words."""

from collections.abc import Callable

import pytest
from pydantic import BaseModel

from functions.tasks.errors import TaskRateLimitError, TaskValidationError
from functions.tasks.model import Task
from statemachine.budget import successors
from statemachine.loader import raw_definition
from testing.taskline import ALWAYS, NotSettled, SubmittedTask, Taskline

MISSING = "Lambda.ResourceNotFoundException"
THROTTLED = "Lambda.TooManyRequestsException"


class Nothing(BaseModel):
    """The data of a task that needs none."""


def a_task_succeeds(taskline: Taskline) -> None:
    taskline.submit("demo.echo")
    taskline.settle()


def a_task_fails_after_its_retries(taskline: Taskline) -> None:
    task = taskline.submit("demo.flaky", {"probability": 1})
    taskline.settle()
    assert (task.error_class, task.attempts, task.dead_letter is not None) == ("NETWORK", 4, True)


def a_message_is_no_task(taskline: Taskline) -> None:
    taskline.send("not JSON")
    taskline.settle()
    (letter,) = taskline.dead_letters
    assert letter["message"]["body"] == "not JSON"


def the_reply_to_the_claim_is_lost(taskline: Taskline) -> None:
    taskline.lost_reply("ClaimTask")
    task = taskline.submit("demo.echo", {"a": 1})
    taskline.settle()
    assert (task.result, task.attempts) == ({"a": 1}, 1)


def an_execution_dies_after_the_result_is_recorded(taskline: Taskline) -> None:
    taskline.crash("RecordResult", has_effect=True)
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert (task.status, len(task.runs), task.states[-1]) == ("succeeded", 1, "AlreadyDone")


def an_execution_dies_before_its_dead_letter_is_sent(taskline: Taskline) -> None:
    taskline.crash("SendToDeadLetterQueue")
    task = taskline.submit("demo.flaky", {"probability": 1, "error_class": "VALIDATION"})
    taskline.settle()
    assert task.dead_letter is not None
    assert len(taskline.dead_letters) == 1


def a_task_is_redriven_while_its_old_message_is_still_there(taskline: Taskline) -> None:
    taskline.crash("SendToDeadLetterQueue", has_effect=True)
    task = taskline.submit("demo.flaky", {"probability": 1, "error_class": "VALIDATION"})
    taskline.at(1, task.redrive)
    taskline.settle()
    assert task.states.count("Superseded") == 1
    assert (task.status, len(task.runs)) == ("failed", 2)


def a_task_is_cancelled(taskline: Taskline) -> None:
    task = taskline.submit("demo.echo")
    task.cancel()
    taskline.settle()
    assert (task.status, task.states[-1], task.runs) == ("cancelled", "Cancelled", [])


def the_queue_delivers_a_message_twice(taskline: Taskline) -> None:
    taskline.takes("demo.echo", 10)
    task = taskline.submit("demo.echo")
    taskline.at(5, task.deliver_again)
    taskline.settle()
    assert (task.status, len(task.runs), task.states[-1]) == ("succeeded", 1, "AlreadyDone")
    assert task.executions[1].error == "TaskInProgress"


def a_record_cannot_be_looked_up(taskline: Taskline) -> None:
    taskline.lost_reply("ClaimTask")
    taskline.fault("LookUpTask", times=2)
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert task.status == "succeeded"


def the_lease_is_lost(taskline: Taskline) -> None:
    for step, type_, data in (("RecordResult", "demo.echo", {}), ("RecordFailure", "demo.flaky", {"probability": 1})):
        taskline.fault(step, "DynamoDB.ConditionalCheckFailedException")
        task = taskline.submit(type_, data, ordering_key=step)
        taskline.settle()
        assert "LeaseLost" in task.states
        assert task.status in ("succeeded", "failed")


def the_processor_is_throttled_for_a_moment(taskline: Taskline) -> None:
    taskline.fault("ProcessTask", THROTTLED, times=2)
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert (task.status, task.attempts, len(task.executions)) == ("succeeded", 1, 1)


def the_processor_is_throttled_for_long(taskline: Taskline) -> None:
    taskline.fault("ProcessTask", THROTTLED, times=ALWAYS)
    task = taskline.submit("demo.echo")
    with pytest.raises(NotSettled, match="RUNNING in AwaitCapacity"):
        taskline.settle(within=1000)
    assert (task.status, task.runs, task.executions[0].error) == ("processing", [], THROTTLED)


def throttles_leave_no_time_for_a_retry(taskline: Taskline) -> None:
    @taskline.task_type("a.limited.service", data=Nothing)
    def call(task: Task, data: Nothing) -> int:
        if task.attempt == 1:
            raise TaskRateLimitError("come back later", retry_after=120)
        return task.attempt

    taskline.fault("ProcessTask", THROTTLED, times=5)
    late = taskline.submit("a.limited.service")
    taskline.settle()
    assert (late.result, len(late.executions), late.executions[0].error) == (2, 2, THROTTLED)
    in_time = taskline.submit("a.limited.service")
    taskline.settle()
    assert (in_time.result, len(in_time.executions)) == (2, 1)


def throttles_do_not_excuse_a_wait_that_never_fits(taskline: Taskline) -> None:
    @taskline.task_type("a.busy.service", data=Nothing)
    def call(task: Task, data: Nothing) -> None:
        raise TaskRateLimitError("come back much later", retry_after=290)

    taskline.fault("ProcessTask", THROTTLED)
    task = taskline.submit("a.busy.service")
    taskline.settle()
    assert (task.error_class, task.attempts, len(task.executions)) == ("RATE_LIMIT", 1, 1)


def the_processor_is_missing_and_the_table_too(taskline: Taskline) -> None:
    taskline.fault("ProcessTask", MISSING)
    taskline.fault("ReturnToQueue", times=3)
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert task.status == "succeeded"


def a_function_times_out(taskline: Taskline) -> None:
    taskline.takes("demo.echo", 99)
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert task.error_class == "SYSTEM"


def every_execution_dies(taskline: Taskline) -> None:
    taskline.crash("ProcessTask", times=5)
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert task.error is not None
    assert (task.error.type, task.runs) == ("NoOutcome", [])


def every_execution_dies_and_the_reply_to_the_last_claim_is_lost(taskline: Taskline) -> None:
    taskline.crash("ClaimTask", times=5, has_effect=True)
    taskline.lost_reply("ClaimTask")
    task = taskline.submit("demo.echo")
    taskline.settle()
    assert task.error is not None
    assert (task.error.type, task.runs, len(task.executions)) == ("NoOutcome", [], 6)


def strict(taskline: Taskline) -> SubmittedTask:
    """A task whose first run fails for good, and halts its key."""

    @taskline.task_type("a.strict.service", data=Nothing, on_failure="halt")
    def call(task: Task, data: Nothing) -> int:
        if task.attempt == 1:
            raise TaskValidationError("not in this state")
        return task.attempt

    return taskline.submit("a.strict.service")


def a_halting_failure_parks_its_key_until_it_is_redriven(taskline: Taskline) -> None:
    taskline.fault("SettleGate", times=2)
    head, *others = strict(taskline), *(taskline.submit("demo.echo") for _ in range(2))
    taskline.crash("ParkTask", has_effect=True)
    taskline.settle()
    assert others[0].states.count("ParkTask") == 1, "its message came back, and it was parked already"
    assert [task.status for task in (head, *others)] == ["failed", "parked", "parked"]
    head.redrive()
    taskline.settle()
    assert [task.status for task in (head, *others)] == ["succeeded"] * 3
    taskline.assert_order(*others)
    assert "AlreadyDone" not in head.states, "its gate let go of it when its message came back"


def a_halting_failure_loses_its_lease(taskline: Taskline) -> None:
    taskline.fault("HaltKey", "DynamoDb.TransactionCanceledException", times=3)
    head = strict(taskline)
    taskline.settle()
    assert ("LeaseLost" in head.states, head.status) == (True, "succeeded")


def a_gate_cannot_be_read_or_keeps_changing(taskline: Taskline) -> None:
    assert (head := strict(taskline)).status == "queued"
    taskline.settle()
    assert head.error_class == "VALIDATION"
    taskline.fault("CheckGate", times=2)
    behind = taskline.submit("demo.echo")
    taskline.fault("ParkTask", "DynamoDb.TransactionCanceledException", times=ALWAYS)
    with pytest.raises(NotSettled):
        taskline.settle(within=1000)
    assert {execution.error for execution in behind.executions} == {"GateUnknown"}


def a_task_takes_long_and_its_key_waits(taskline: Taskline) -> None:
    taskline.fault("HandOver", "DynamoDb.TransactionCanceledException")
    task, behind = taskline.submit("demo.long", {"milliseconds": 0}), taskline.submit("demo.echo")
    taskline.takes("demo.long", 720)
    taskline.settle()
    assert (task.status, task.progress, behind.status) == ("succeeded", 95, "succeeded")
    assert behind.states.count("ParkTask") == 1
    taskline.assert_order(task, behind)


def the_reply_to_a_start_is_lost(taskline: Taskline) -> None:
    taskline.lost_reply("StartLongTask", has_effect=True)
    taskline.takes("demo.long", 300)
    task = taskline.submit("demo.long", {"milliseconds": 0})
    taskline.settle()
    assert (task.status, len(task.runs)) == ("succeeded", 1)


def a_message_comes_again_while_its_task_takes_long(taskline: Taskline) -> None:
    taskline.crash("StartLongTask", has_effect=True)
    taskline.takes("demo.long", 600)
    task = taskline.submit("demo.long", {"milliseconds": 0})
    taskline.settle()
    assert (task.status, len(task.runs)) == ("succeeded", 1)


def an_execution_cannot_be_started(taskline: Taskline) -> None:
    taskline.fault("StartLongTask", "StepFunctions.StateMachineDoesNotExistException", times=3)
    task = taskline.submit("demo.long", {"milliseconds": 0})
    taskline.settle()
    assert (task.status, len(task.runs)) == ("succeeded", 1)


STORIES: list[Callable[[Taskline], None]] = [
    *(a_task_succeeds, a_task_fails_after_its_retries, a_message_is_no_task, the_reply_to_the_claim_is_lost),
    *(an_execution_dies_after_the_result_is_recorded, an_execution_dies_before_its_dead_letter_is_sent),
    *(a_task_is_redriven_while_its_old_message_is_still_there, a_task_is_cancelled),
    *(the_queue_delivers_a_message_twice, a_record_cannot_be_looked_up, the_lease_is_lost),
    *(the_processor_is_throttled_for_a_moment, the_processor_is_throttled_for_long),
    *(throttles_leave_no_time_for_a_retry, throttles_do_not_excuse_a_wait_that_never_fits),
    *(the_processor_is_missing_and_the_table_too, a_function_times_out, every_execution_dies),
    *(every_execution_dies_and_the_reply_to_the_last_claim_is_lost, a_gate_cannot_be_read_or_keeps_changing),
    *(a_halting_failure_parks_its_key_until_it_is_redriven, a_halting_failure_loses_its_lease),
    *(a_task_takes_long_and_its_key_waits, the_reply_to_a_start_is_lost, an_execution_cannot_be_started),
    a_message_comes_again_while_its_task_takes_long,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_ends_as_it_says(taskline: Taskline, story: Callable[[Taskline], None]) -> None:
    story(taskline)


def test_the_stories_take_every_transition_of_the_shipped_machine() -> None:
    states = raw_definition()["States"]
    wanted = {(name, to) for name, state in states.items() for to in successors(state)}
    seen: set[tuple[str, str]] = set()
    visited: set[str] = set()
    for story in STORIES:
        with Taskline() as taskline:
            story(taskline)
        seen |= taskline.transitions
        visited |= {step.state for execution in taskline.executions for step in execution.steps}
    assert sorted(wanted - seen) == []
    assert sorted(states.keys() - visited) == []
