"""Deliberate mistakes about gates; see `catalog.py`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest import mock

from functions.adapters.gate_table import releasing as parked_tasks
from functions.adapters.gate_table import steering as gates
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.adapters.gate_table.steering import DynamoDBGates
from functions.tasks.gates import releasing, steering
from functions.tasks.gates.releasing import Message, ParkedTasks, Place
from functions.tasks.intake.submission import TaskQueue
from tests.simulation.world.faults import NO_FAULTS, FaultPlan

CALLS_FAIL = replace(NO_FAULTS, call=0.2, duplicate=0.1)
PROCESSES_DIE = replace(NO_FAULTS, call=0.1, crash=0.6, lost_delete=0.1, duplicate=0.1)
EXECUTIONS_FREEZE = replace(NO_FAULTS, freeze=0.9)
Patch = AbstractContextManager[Any]
States = Any


def _writes(states: States, name: str) -> list[dict[str, Any]]:
    return [next(iter(write.values())) for write in states[name]["Arguments"]["TransactItems"]]


def _lets_every_task_pass(states: States) -> None:
    states["DecideOnGate"]["Choices"][0]["Condition"] = "{% false %}"


def _lets_tasks_pass_a_gate_without_a_head(states: States) -> None:
    assigned = states["CheckGate"]["Assign"]
    assigned["parks"] = "{% $exists($states.result.Item.head) and $not(" + assigned["settles"][2:-2] + ") %}"


def _parks_the_head(states: States) -> None:
    states["CheckGate"]["Assign"]["parks"] = "{% $exists($states.result.Item) %}"


def _does_not_close_the_gate(states: States) -> None:
    states["DecideOnFailure"]["Choices"][0]["Next"] = "RecordFailure"


def _settles_a_failure_that_it_could_not_record(states: States) -> None:
    states["HaltKey"]["Catch"][0]["Next"] = "SendToDeadLetterQueue"


def _halts_without_a_head(states: States) -> None:
    gate = _writes(states, "HaltKey")[1]
    gate["UpdateExpression"] = gate["UpdateExpression"].replace("head = :task_id, ", "")
    gate["ExpressionAttributeValues"].pop(":task_id")
    gate.pop("ConditionExpression")


def _settles_a_halted_head(states: States) -> None:
    states["HaltKey"]["Assign"]["settles"] = True


def _settles_the_halted_head_of_a_message_that_comes_again(states: States) -> None:
    for choice in states["DecideOnDuplicate"]["Choices"]:
        choice.get("Assign", {}).pop("settles", None)


def _never_settles(states: States) -> None:
    states["DecideOnHead"]["Choices"] = [
        one for one in states["DecideOnHead"]["Choices"] if one["Next"] != "SettleGate"
    ]
    states["DecideOnDuplicate"]["Choices"] = [
        one for one in states["DecideOnDuplicate"]["Choices"] if one["Next"] != "SettleGate"
    ]


def _settles_whatever_the_head_is(states: States) -> None:
    states["SettleGate"]["Arguments"]["ConditionExpression"] = "attribute_exists(place)"
    states["DecideOnHead"]["Choices"][0]["Condition"] = "{% true %}"


def _parks_without_looking_at_the_record(states: States) -> None:
    _writes(states, "ParkTask")[0].pop("ConditionExpression")


def _parks_without_looking_at_the_gate(states: States) -> None:
    _writes(states, "ParkTask")[1].pop("ConditionExpression")


def _does_not_count_what_it_parks(states: States) -> None:
    gate = _writes(states, "ParkTask")[1]
    gate["UpdateExpression"] = "SET parked = if_not_exists(parked, :zero)"
    gate["ExpressionAttributeValues"].pop(":one")


def _leaves_no_place(states: States) -> None:
    del states["ParkTask"]["Arguments"]["TransactItems"][2]


def _parks_a_redriven_task_last(states: States) -> None:
    states["LookUpTask"]["Assign"]["place"] = "{% $sequence %}"


def _gives_up_when_it_cannot_park(states: States) -> None:
    states["ParkTask"]["Catch"][0]["Next"] = "Parked"


def _takes_a_parked_task_for_one_in_progress(states: States) -> None:
    states["DecideOnDuplicate"]["Choices"] = [
        one for one in states["DecideOnDuplicate"]["Choices"] if one["Next"] != "Parked"
    ]


def _counts_the_first_place_as_the_last() -> Patch:
    first = DynamoDBParkedTasks.first

    def last(self: DynamoDBParkedTasks, group: str) -> Place | None:
        if first(self, group) is None:
            return None
        found = self._client._tables._gates.query(  # pyright: ignore
            {"ExpressionAttributeValues": {":group": {"S": group}, ":parked": {"S": "parked#"}}, "Limit": 1000}
        )["Items"][-1]
        return Place(name=found["place"]["S"], task_id=found["task_id"]["S"])

    return mock.patch.object(DynamoDBParkedTasks, "first", last)


def _does_not_send() -> Patch:
    def note(_head: str, message_id: str, group: str, tasks: ParkedTasks, _queue: TaskQueue) -> None:
        tasks.note_sent(group, message_id)

    return mock.patch.object(releasing, "_send", note)


def _notes_before_it_sends() -> Patch:
    def send(head: str, message_id: str, group: str, tasks: ParkedTasks, queue: TaskQueue) -> None:
        message: Message | None = tasks.released(head, message_id)
        tasks.note_sent(group, message_id)
        if message is not None:
            queue.send(body=message.body, group=group, deduplication_id=message.deduplication_id)

    return mock.patch.object(releasing, "_send", send)


def _releases_under_the_task_s_own_id() -> Patch:
    released = DynamoDBParkedTasks.released

    def as_at_first(self: DynamoDBParkedTasks, task_id: str, message_id: str) -> Message | None:
        found = released(self, task_id, message_id)
        return found and Message(task_id=task_id, body=found.body, deduplication_id=task_id)

    return mock.patch.object(DynamoDBParkedTasks, "released", as_at_first)


def _releases_whatever_the_gate_says() -> Patch:
    unpatched = DynamoDBParkedTasks._gate

    def gate(self: DynamoDBParkedTasks, group: str, expression: str) -> dict[str, Any]:
        return {**unpatched(self, group, expression), "ConditionExpression": "attribute_exists(place)"}

    return mock.patch.object(DynamoDBParkedTasks, "_gate", gate)


def _removes_whatever_is_parked() -> Patch:
    return mock.patch.object(DynamoDBParkedTasks, "remove", _removing(parked_tasks._RELEASES))


def _removes_whoever_holds_the_gate() -> Patch:
    nothing_is_parked = "attribute_not_exists(parked) OR parked < :one"
    return mock.patch.object(DynamoDBParkedTasks, "remove", _removing(nothing_is_parked, {":one": {"N": "1"}}))


def _removing(condition: str, values: dict[str, Any] | None = None) -> Callable[[DynamoDBParkedTasks, str], bool]:
    def remove(self: DynamoDBParkedTasks, group: str) -> bool:
        request: dict[str, Any] = {"TableName": "gates", "Key": {"key": {"S": group}, "place": {"S": "gate"}}}
        request["ConditionExpression"] = condition
        request["ExpressionAttributeValues"] = values or {}
        with parked_tasks.unavailable_on_failure("the table of gates"):
            try:
                self._client.delete_item(**request)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    return remove


def _keeps_the_place_of_a_released_task() -> Patch:
    transact = DynamoDBParkedTasks._transact

    def without_clearing(self: DynamoDBParkedTasks, *writes: dict[str, Any]) -> bool:
        return transact(self, *(write for write in writes if "Delete" not in write))

    return mock.patch.object(DynamoDBParkedTasks, "_transact", without_clearing)


def _clears_without_looking_at_the_record() -> Patch:
    transact = DynamoDBParkedTasks._transact

    def unchecked(self: DynamoDBParkedTasks, *writes: dict[str, Any]) -> bool:
        return transact(self, *(write for write in writes if "ConditionCheck" not in write))

    return mock.patch.object(DynamoDBParkedTasks, "_transact", unchecked)


def _stops_at_a_cancelled_task() -> Patch:
    return mock.patch.object(DynamoDBParkedTasks, "clear", return_value=False)


def _keeps_a_cancelled_head() -> Patch:
    return mock.patch.object(DynamoDBParkedTasks, "settle", return_value=False)


def _opens_without_settling_the_head() -> Patch:
    return mock.patch.object(steering, "_open", lambda gate, _opening, gates: gate.hold is None or gates.let_go(gate))


def _skips_a_head_that_runs() -> Patch:
    return mock.patch.object(steering, "_open", lambda gate, _opening, gates: gates.behead(gate))


def _skips_in_two_steps() -> Patch:
    def skip(self: DynamoDBGates, gate: Any, skip: Any) -> bool:
        return self.behead(gate)

    return mock.patch.object(DynamoDBGates, "skip", skip)


def _skips_whatever_has_become_of_the_head() -> Patch:
    def change(self: DynamoDBGates, gate: Any, expression: str) -> dict[str, Any]:
        return {
            "TableName": "gates",
            "Key": gates._key(gate.group),
            "UpdateExpression": expression,
            "ConditionExpression": "attribute_exists(place)",
        }

    return mock.patch.object(DynamoDBGates, "_change", change)


GATE_MISTAKES_IN_DEFINITION: Mapping[str, Callable[[States], None]] = {
    "every task passes a closed gate": _lets_every_task_pass,
    "tasks pass a gate that has no head": _lets_tasks_pass_a_gate_without_a_head,
    "a gate does not let its head pass": _parks_the_head,
    "a failure that halts closes no gate": _does_not_close_the_gate,
    "a failure that could not be recorded with its gate is settled": _settles_a_failure_that_it_could_not_record,
    "a gate is closed without a head": _halts_without_a_head,
    "a failed head is settled at once": _settles_a_halted_head,
    "a failed head is settled when its message comes again": _settles_the_halted_head_of_a_message_that_comes_again,
    "no head is ever settled": _never_settles,
    "any task settles the head": _settles_whatever_the_head_is,
    "a task is parked whatever its status": _parks_without_looking_at_the_record,
    "a task is parked behind a gate that is gone": _parks_without_looking_at_the_gate,
    "parked tasks are not counted": _does_not_count_what_it_parks,
    "a parked task has no place": _leaves_no_place,
    "a redriven task is parked behind newer ones": _parks_a_redriven_task_last,
    "a task that could not be parked counts as parked": _gives_up_when_it_cannot_park,
    "the message of a parked task is kept": _takes_a_parked_task_for_one_in_progress,
}
GATE_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "the last parked task is released first": _counts_the_first_place_as_the_last,
    "a released task is not sent": _does_not_send,
    "a released task is noted as sent before it is": _notes_before_it_sends,
    "a release uses the id of the first message": _releases_under_the_task_s_own_id,
    "a task is released behind a head": _releases_whatever_the_gate_says,
    "a gate is removed while a task is being parked": _removes_whatever_is_parked,
    "a gate is removed while an operator closes it": _removes_whoever_holds_the_gate,
    "a released task keeps its place": _keeps_the_place_of_a_released_task,
    "the place of a task that is parked is cleared": _clears_without_looking_at_the_record,
    "a cancelled task keeps its place": _stops_at_a_cancelled_task,
    "a head that was cancelled unsent stays the head": _keeps_a_cancelled_head,
    "opening a key does not skip its failed head": _opens_without_settling_the_head,
    "opening a key skips a head that is running": _skips_a_head_that_runs,
    "skipping does not settle the record": _skips_in_two_steps,
    "skipping does not ask what has become of the head": _skips_whatever_has_become_of_the_head,
}
# Faults that bring about what the mistake is about; the others are found whatever fails.
GATE_PLANS: Mapping[str, FaultPlan] = {
    "a failure that could not be recorded with its gate is settled": CALLS_FAIL,
    "a task that could not be parked counts as parked": CALLS_FAIL,
    "a failed head is settled when its message comes again": PROCESSES_DIE,
    "a task is parked behind a gate that is gone": EXECUTIONS_FREEZE,
    "a task is released behind a head": NO_FAULTS,
    "a gate is removed while a task is being parked": NO_FAULTS,
    "a gate is removed while an operator closes it": NO_FAULTS,
    "skipping does not ask what has become of the head": NO_FAULTS,
}
