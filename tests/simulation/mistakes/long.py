"""Deliberate mistakes about tasks that take long; see `catalog.py`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest import mock

from functions import gatekeeper
from functions.adapters.gate_table import releasing
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.tasks.gates import steering
from functions.tasks.gates.model import Gate
from functions.tasks.gates.releasing import Message
from functions.tasks.model import Status
from functions.tasks.redrive.sweep import Sweep
from functions.tasks.runs import watching
from functions.tasks.runs.watching import ExecutionState
from tests.simulation.actors.long import WatchedExecutions
from tests.simulation.world.faults import NO_FAULTS, FaultPlan

EXECUTIONS_END = replace(NO_FAULTS, crash=0.5)
EXECUTIONS_END_AND_CALLS_FAIL = replace(NO_FAULTS, crash=0.8, call=0.3)
CALLS_FAIL = replace(NO_FAULTS, call=0.2, duplicate=0.2)
MESSAGES_REPEAT = replace(NO_FAULTS, lost_delete=0.4, duplicate=0.4)
Patch = AbstractContextManager[Any]
States = Any


def _choices(states: States, state: str, gone: str) -> None:
    states[state]["Choices"] = [one for one in states[state]["Choices"] if one["Next"] != gone]


def _leaves_the_gate_open(states: States) -> None:
    del states["HandOver"]["Arguments"]["TransactItems"][1]


def _starts_it_under_any_name(states: States) -> None:
    states["StartLongTask"]["Arguments"]["Name"] = "{% $uuid() %}"


def _names_it_after_the_task_alone(states: States) -> None:
    for choice in states["DecideOnDuplicate"]["Choices"]:
        if choice["Next"] == "HandOver":
            choice["Assign"]["long_execution"] = "{% $task_id %}"


def _ignores_that_it_cannot_start(states: States) -> None:
    states["StartLongTask"]["Catch"][1]["Next"] = "HandedOver"
    del states["StartLongTask"]["Retry"]


def _hands_over_whatever_its_status(states: States) -> None:
    states["HandOver"]["Arguments"]["TransactItems"][0]["Update"].pop("ConditionExpression")
    _choices(states, "DecideOnDuplicate", "HandedOver")
    for choice in states["DecideOnDuplicate"]["Choices"]:
        if choice["Next"] == "HandOver":
            choice["Condition"] = choice["Condition"].replace(
                "$claimable", "$not($states.input.Item.status.S in ['succeeded', 'cancelled', 'failed'])"
            )


def _processes_it_at_once(states: States) -> None:
    states["DecideOnGate"]["Choices"][0]["Condition"] = "{% $parks %}"


def _looks_after_nothing() -> Patch:
    return mock.patch.object(gatekeeper, "look_after", return_value=[])


def _takes_an_execution_that_is_not_listed_for_lost() -> Patch:
    return mock.patch.object(WatchedExecutions, "state", return_value=ExecutionState.ENDED)


def _takes_every_end_for_an_outcome() -> Patch:
    return mock.patch.object(WatchedExecutions, "state", return_value=ExecutionState.SUCCEEDED)


def _does_not_take_the_lease_back() -> Patch:
    kept = "SET redrive_id = :message_id, status_shard = :status_shard, history = list_append(history, :entry)"
    return mock.patch.object(releasing, "_TAKEN_BACK", kept)


def _sends_no_dead_letter_again() -> Patch:
    released = DynamoDBParkedTasks.released

    def queued_only(self: DynamoDBParkedTasks, task_id: str, _message_id: str) -> Message | None:
        return released(self, task_id, "none")

    return mock.patch.object(DynamoDBParkedTasks, "released", queued_only)


def _keeps_a_head_that_has_succeeded() -> Patch:
    settle = DynamoDBParkedTasks.settle

    def cancelled_only(self: DynamoDBParkedTasks, group: str, head: str) -> bool:
        record = self._get("tasks", {"task_id": {"S": head}})
        return record.get("status") == {"S": "cancelled"} and settle(self, group, head)

    return mock.patch.object(DynamoDBParkedTasks, "settle", cancelled_only)


def _never_stops_one_that_was_cancelled() -> Patch:
    def without_stopping(gate: Gate, head: Any, watch: watching.Watch, now: Any) -> None:
        if head is not None and head.cancel_requested_at is not None:
            watch.tasks.settle_cancelled(gate, now, 0)

    return mock.patch.object(watching, "_cancel", without_stopping)


def _has_one_id_for_all_messages() -> Patch:
    return mock.patch.object(releasing, "hashlib", mock.Mock(**{"sha256.return_value.hexdigest.return_value": "1"}))


def _never_settles(states: States) -> None:
    _choices(states, "DecideOnHead", "SettleGate")
    _choices(states, "DecideOnDuplicate", "SettleGate")


def _settles_a_gate_that_was_handed_over_again(states: States) -> None:
    arguments = states["SettleGate"]["Arguments"]
    arguments["ConditionExpression"] = "head = :task_id"
    arguments["ExpressionAttributeValues"].pop(":execution")


def _looks_behind_no_dead_letter() -> Patch:
    return mock.patch.object(Sweep, "look_behind")


def _drops_a_head_that_was_parked_since() -> Patch:
    return mock.patch.object(steering, "SETTLED", tuple(Status))


LONG_MACHINE_MISTAKES: Mapping[str, Callable[[States], None]] = {
    "an execution of a task that takes long settles no gate": _never_settles,
    "an execution settles a gate whose head was handed over again": _settles_a_gate_that_was_handed_over_again,
}
LONG_MISTAKES_IN_DEFINITION: Mapping[str, Callable[[States], None]] = {
    "a task that takes long is handed over and closes no gate": _leaves_the_gate_open,
    "its execution has a new name each time": _starts_it_under_any_name,
    "its execution is named after the task alone": _names_it_after_the_task_alone,
    "an execution that could not be started counts as started": _ignores_that_it_cannot_start,
    "a task is handed over whatever its status": _hands_over_whatever_its_status,
    "a task that takes long is not handed over": _processes_it_at_once,
}
LONG_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "all messages for lost executions of a task have one id": _has_one_id_for_all_messages,
    "nobody looks after executions": _looks_after_nothing,
    "an execution that is not listed counts as lost": _takes_an_execution_that_is_not_listed_for_lost,
    "every end of an execution counts as an outcome": _takes_every_end_for_an_outcome,
    "the lease of a lost execution is not taken back": _does_not_take_the_lease_back,
    "the dead letter of a lost execution is not sent": _sends_no_dead_letter_again,
    "a head that succeeded in a lost execution is kept": _keeps_a_head_that_has_succeeded,
    "a task is cancelled while its execution runs": _never_stops_one_that_was_cancelled,
    "a redrive does not look behind the dead letters that it removes": _looks_behind_no_dead_letter,
    "opening a key drops a head that was parked since the gate was read": _drops_a_head_that_was_parked_since,
}
# Faults that bring about what the mistake is about; the others are found whatever fails.
LONG_PLANS: Mapping[str, FaultPlan] = {
    "an execution that could not be started counts as started": CALLS_FAIL,
    "a task is handed over whatever its status": MESSAGES_REPEAT,
    "an execution of a task that takes long settles no gate": EXECUTIONS_END,
    "nobody looks after executions": EXECUTIONS_END,
    "every end of an execution counts as an outcome": EXECUTIONS_END,
    "the lease of a lost execution is not taken back": EXECUTIONS_END,
    "the dead letter of a lost execution is not sent": EXECUTIONS_END_AND_CALLS_FAIL,
    "a head that succeeded in a lost execution is kept": EXECUTIONS_END_AND_CALLS_FAIL,
    "all messages for lost executions of a task have one id": replace(NO_FAULTS, crash=0.9),
    "a task is cancelled while its execution runs": NO_FAULTS,
}
