"""Deliberate mistakes about cancelling, one at a time; see `catalog.py`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from tests.simulation.actors.calls import SimulatedDynamoDB

Patch = AbstractContextManager[Any]


def _claims_what_is_cancelled(states: Any) -> None:
    arguments = states["ClaimTask"]["Arguments"]
    arguments["ConditionExpression"] += " OR #status = :cancelled"
    arguments["ExpressionAttributeValues"][":cancelled"] = {"S": "cancelled"}


def _lets_cancelled_tasks_block_their_key(states: Any) -> None:
    choices = states["DecideOnDuplicate"]["Choices"]
    states["DecideOnDuplicate"]["Choices"] = [choice for choice in choices if choice["Next"] != "Cancelled"]


def _forgets_its_condition() -> Patch:
    update = SimulatedDynamoDB.update_item

    def careless(self: SimulatedDynamoDB, **request: Any) -> Any:
        if ":cancelled" in request["ExpressionAttributeValues"]:
            del request["ConditionExpression"]
        return update(self, **request)

    return mock.patch.object(SimulatedDynamoDB, "update_item", careless)


CANCEL_MISTAKES_IN_DEFINITION: Mapping[str, Callable[[Any], None]] = {
    "the claim takes what is cancelled": _claims_what_is_cancelled,
    "a cancelled task blocks its key": _lets_cancelled_tasks_block_their_key,
}
CANCEL_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "cancelling forgets its condition": _forgets_its_condition,
}
