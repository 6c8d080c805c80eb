"""Deliberate mistakes, one at a time. The simulation has to catch every one, or its invariants prove nothing."""

import functools
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

from asl import Machine
from functions import processor
from functions.adapters.queue import SQSTaskQueue
from functions.tasks.errors import TaskError, Unavailable
from functions.tasks.retry import RetryPolicy
from local.services.pipes.pipe import Execution, Message, PipeWorker
from statemachine.budget import successors
from tests.simulation.mistakes.cancelling import CANCEL_MISTAKES, CANCEL_MISTAKES_IN_DEFINITION
from tests.simulation.mistakes.idempotency import IDEMPOTENCY_MISTAKES
from tests.simulation.mistakes.redrive import REDRIVE_MISTAKES
from tests.simulation.run import System, shipped_definition
from tests.simulation.world.faults import Weather

Definition = dict[str, Any]
# Executions stand still past their lease, and find the processor gone when they go on.
FREEZING = Weather(call=0.3, crash=0.0, lost_delete=0.0, duplicate=0.3, freeze=0.8)


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One mistake: in the definition, or in the code while `patched` is active."""

    system: System
    patched: Callable[[], AbstractContextManager[object]]


def _in_definition(
    change: Callable[[Mapping[str, Any]], object],
    *,
    weather: Weather | None = None,
    redriven: bool | None = None,
    cancelled: bool | None = None,
) -> Mutation:
    definition: Definition = shipped_definition()
    change(definition["States"])
    _drop_unreachable(definition)
    return Mutation(
        system=System(machine=Machine.load(definition), weather=weather, redriven=redriven, cancelled=cancelled),
        patched=nullcontext,
    )


def _drop_unreachable(definition: Definition) -> None:
    """A state that the mistake cut off would be refused, and the mistake with it."""
    reached, frontier = set[str](), [definition["StartAt"]]
    while frontier:
        name = frontier.pop()
        if name not in reached:
            reached.add(name)
            frontier += successors(definition["States"][name])
    definition["States"] = {name: state for name, state in definition["States"].items() if name in reached}


def _in_code(
    patched: Callable[[], AbstractContextManager[object]],
    *,
    redriven: bool | None = None,
    careful: bool | None = None,
    cancelled: bool | None = None,
) -> Mutation:
    system = System(redriven=redriven, careful=careful, cancelled=cancelled)
    return Mutation(system=system, patched=patched)


def _without_condition(state: str, weather: Weather | None = None) -> Mutation:
    def change(states: Any) -> None:
        del states[state]["Arguments"]["ConditionExpression"]
        values = states[state]["Arguments"]["ExpressionAttributeValues"]
        for name in [name for name in (":queued", ":now_ms") if state == "ClaimTask" and name in values]:
            del values[name]

    return _in_definition(change, weather=weather)


def _without_catch(state: str, error: str) -> Mutation:
    def change(states: Any) -> None:
        for catcher in states[state]["Catch"]:
            if error in catcher["ErrorEquals"]:
                catcher["ErrorEquals"] = [name for name in catcher["ErrorEquals"] if name != error]
        states[state]["Catch"] = [catcher for catcher in states[state]["Catch"] if catcher["ErrorEquals"]]

    return _in_definition(change)


def _never_retries(states: Any) -> None:
    states["DecideOnRetry"]["Choices"][0]["Condition"] = False


def _gives_the_same_attempt_again(states: Any) -> None:
    states["ProcessTask"]["Catch"][0]["Assign"]["attempt"] = "{% $attempt %}"


def _counts_runs_from_the_first_execution_on(states: Any) -> None:
    states["ProcessTask"]["Arguments"]["Payload"]["run"] = 1


def _loses_patience_early() -> AbstractContextManager[object]:
    return mock.patch.object(RetryPolicy, "_runs", return_value=3)


def _retries_what_cannot_succeed() -> AbstractContextManager[object]:
    return mock.patch.object(RetryPolicy, "retry_in", return_value=0.5)


def _claims_whoever_owns_the_lease(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["ConditionExpression"] = "attribute_not_exists(task_id) OR #status = :queued OR #status = :processing"


def _never_takes_over(states: Any) -> None:
    states["ClaimTask"]["Arguments"]["ConditionExpression"] = "attribute_not_exists(task_id) OR #status = :queued"


def _claims_what_has_failed(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["ConditionExpression"] += " OR #status = :failed"
    arguments["ExpressionAttributeValues"][":failed"] = {"S": "failed"}


def _believes_a_busy_task_is_done(states: Any) -> None:
    states["DecideOnDuplicate"]["Default"] = "AlreadyDone"
    states["LookUpTask"]["Catch"][0]["Next"] = "AlreadyDone"


def _sends_no_dead_letter(states: Any) -> None:
    states["RecordFailure"]["Next"] = "TaskFailed"


def _forgets_the_letter_of_a_dead_execution(states: Any) -> None:
    choices = states["DecideOnDuplicate"]["Choices"]
    choices[1] = {"Condition": choices[1]["Condition"], "Next": "AlreadyDone"}


def _sends_a_letter_for_each_delivery(states: Any) -> None:
    arguments = states["SendToDeadLetterQueue"]["Arguments"]
    arguments["MessageDeduplicationId"] = "{% $states.context.Execution.Name %}"


def _sends_an_empty_letter(states: Any) -> None:
    states["SendToDeadLetterQueue"]["Arguments"]["MessageBody"]["message"] = {"body": ""}


def _counts_no_retries(states: Any) -> None:
    states["ProcessTask"]["Assign"]["attempts"] = "{% $first_attempt %}"


def _claims_a_redriven_task_by_any_message(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    ours = "(attribute_not_exists(redrive_id) OR redrive_id = :deduplication_id)"
    arguments["ConditionExpression"] = arguments["ConditionExpression"].replace(
        f"(#status = :queued AND {ours})", "#status = :queued"
    )


def _keeps_superseded_messages(states: Any) -> None:
    choices = states["DecideOnDuplicate"]["Choices"]
    states["DecideOnDuplicate"]["Choices"] = [choice for choice in choices if choice["Next"] != "Superseded"]


def _indexes_no_failure(states: Any) -> None:
    arguments = states["RecordFailure"]["Arguments"]
    arguments["UpdateExpression"] = arguments["UpdateExpression"].replace(", failed_key = ordering_key", "")


def _counts_from_the_last_message(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["UpdateExpression"] = arguments["UpdateExpression"].replace(
        "if_not_exists(sequence_number, :sequence)", ":sequence"
    )


def _deletes_failures() -> AbstractContextManager[object]:
    def settle(self: Any, message: Message, execution: Execution) -> None:
        self._source.delete(message.receipt_handle)

    return mock.patch.object(PipeWorker, "settle", settle)


def _deletes_first() -> AbstractContextManager[object]:
    event = PipeWorker.event

    def deleting(self: Any, message: Message) -> str:
        self._source.delete(message.receipt_handle)
        return event(self, message)

    return mock.patch.object(PipeWorker, "event", deleting)


def _never_deletes() -> AbstractContextManager[object]:
    return mock.patch.object(PipeWorker, "settle")


def _ignores_a_failed_send() -> AbstractContextManager[object]:
    send = SQSTaskQueue.send

    def careless(self: SQSTaskQueue, **message: str) -> None:
        try:
            send(self, **message)
        except Unavailable:
            return

    return mock.patch.object(SQSTaskQueue, "send", careless)


@contextmanager
def _sending(**changed: Callable[[dict[str, str]], str]) -> Generator[None]:
    send = SQSTaskQueue.send

    def wrong(self: SQSTaskQueue, **message: str) -> None:
        send(self, **{**message, **{name: change(message) for name, change in changed.items()}})

    with mock.patch.object(SQSTaskQueue, "send", wrong):
        yield


def _swallows_errors() -> AbstractContextManager[object]:
    process = processor.process

    def careless(body: str, **named: Any) -> str:
        try:
            return process(body, **named)
        except TaskError:
            return "null"

    return mock.patch.object(processor, "process", careless)


MUTATIONS: Mapping[str, Callable[[], Mutation]] = {
    "the claim has no condition": lambda: _without_condition("ClaimTask"),
    "the claim ignores the lease": lambda: _in_definition(_claims_whoever_owns_the_lease),
    "the claim never takes over an expired lease": lambda: _in_definition(_never_takes_over),
    "the claim takes what has failed": lambda: _in_definition(_claims_what_has_failed),
    "a refused claim is not looked into": lambda: _without_catch(
        "ClaimTask", "DynamoDB.ConditionalCheckFailedException"
    ),
    "a busy task counts as done": lambda: _in_definition(_believes_a_busy_task_is_done),
    "a success is recorded without the fence": lambda: _without_condition("RecordResult"),
    "a failure is recorded without the fence": lambda: _without_condition("RecordFailure"),
    "a lease is given back without the fence": lambda: _without_condition("ReturnToQueue", FREEZING),
    "a permanent failure is not caught": lambda: _without_catch("ProcessTask", "TaskValidationError"),
    "an exhausted transient failure is not caught": lambda: _without_catch("ProcessTask", "TaskNetworkError"),
    "an unknown failure is not caught": lambda: _without_catch("ProcessTask", "TaskUnknownError"),
    "nothing is retried": lambda: _in_definition(_never_retries),
    "a retry is given the same attempt again": lambda: _in_definition(_gives_the_same_attempt_again),
    "every run thinks it is the first": lambda: _in_definition(_counts_runs_from_the_first_execution_on),
    "patience ends too early": lambda: _in_code(_loses_patience_early),
    "what cannot succeed is retried": lambda: _in_code(_retries_what_cannot_succeed),
    "a failure sends no dead letter": lambda: _in_definition(_sends_no_dead_letter),
    "the dead letter of an execution that died is forgotten": lambda: _in_definition(
        _forgets_the_letter_of_a_dead_execution
    ),
    "a dead letter is sent for each delivery": lambda: _in_definition(_sends_a_letter_for_each_delivery),
    "a dead letter lacks the message": lambda: _in_definition(_sends_an_empty_letter),
    "retries are not counted": lambda: _in_definition(_counts_no_retries),
    "the pipe deletes messages of failed executions": lambda: _in_code(_deletes_failures),
    "the pipe deletes before it executes": lambda: _in_code(_deletes_first),
    "the pipe never deletes": lambda: _in_code(_never_deletes),
    "a failed send is answered with 202": lambda: _in_code(_ignores_a_failed_send),
    "messages of a key have different groups": lambda: _in_code(
        lambda: _sending(group=lambda message: message["deduplication_id"])
    ),
    "messages of a key have one deduplication id": lambda: _in_code(
        lambda: _sending(deduplication_id=lambda message: message["group"])
    ),
    "the processor works without a lease": lambda: _in_code(
        lambda: mock.patch.object(processor, "refuse_without_lease")
    ),
    "the processor swallows errors": lambda: _in_code(_swallows_errors),
    "an old message claims a redriven task": lambda: _in_definition(
        _claims_a_redriven_task_by_any_message, redriven=True
    ),
    "an old message of a redriven task comes back for ever": lambda: _in_definition(
        _keeps_superseded_messages, redriven=True
    ),
    "a failure is not put into the index": lambda: _in_definition(_indexes_no_failure, redriven=True),
    "a redriven task loses its place": lambda: _in_definition(_counts_from_the_last_message, redriven=True),
    **{name: functools.partial(_in_code, patched, redriven=True) for name, patched in REDRIVE_MISTAKES.items()},
    **{name: functools.partial(_in_code, patched, careful=True) for name, patched in IDEMPOTENCY_MISTAKES.items()},
    **{name: functools.partial(_in_code, patched, cancelled=True) for name, patched in CANCEL_MISTAKES.items()},
    **{
        name: functools.partial(_in_definition, change, cancelled=True)
        for name, change in CANCEL_MISTAKES_IN_DEFINITION.items()
    },
}
