"""Deliberate mistakes in cancelling; see `catalog.py`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from functions.adapters.task_table import records
from tests.simulation.actors.calls import SimulatedDynamoDB

Patch = AbstractContextManager[Any]


def _claims_cancelled_tasks(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["ConditionExpression"] += " OR #status = :cancelled"
    arguments["ExpressionAttributeValues"][":cancelled"] = {"S": "cancelled"}


def _keeps_messages_of_cancelled_tasks(states: Any) -> None:
    choices = states["DecideOnDuplicate"]["Choices"]
    states["DecideOnDuplicate"]["Choices"] = [choice for choice in choices if choice["Next"] != "Cancelled"]


def _cancels_unconditionally() -> Patch:
    update = SimulatedDynamoDB.update_item

    def without_condition(self: SimulatedDynamoDB, **request: Any) -> Any:
        if ":cancelled" in request["ExpressionAttributeValues"]:
            del request["ConditionExpression"]
        return update(self, **request)

    return mock.patch.object(SimulatedDynamoDB, "update_item", without_condition)


def _cancels_for_anyone() -> Patch:
    return mock.patch.object(records, "_visible", return_value=("", {}))


CANCEL_MISTAKES_IN_DEFINITION: Mapping[str, Callable[[Any], None]] = {
    "the claim takes cancelled tasks": _claims_cancelled_tasks,
    "a cancelled task blocks its key": _keeps_messages_of_cancelled_tasks,
}
CANCEL_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "cancelling has no condition": _cancels_unconditionally,
    "a client cancels the tasks of others": _cancels_for_anyone,
}
