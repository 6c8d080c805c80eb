"""The number by which a redrive sorts the tasks of a key, across generations of lanes."""

import json

import pytest

from taskline.lanes import lane_names
from tests.statemachine.claims import claimed
from tests.statemachine.test_definition import DEFINITION

ARN = "arn:aws:sqs:eu-west-1:111122223333"
HIGHEST, LOWEST = "9" * 20, "1" + "0" * 19


def recorded(queue: str, number: str) -> str:
    """The sequence number that a task gets whose message has this number in this queue."""
    message = {"body": json.dumps({"task_id": "a-task"}), "attributes": {"SequenceNumber": number}}
    return claimed(DEFINITION, **message, eventSourceARN=f"{ARN}:{queue}")[":sequence"]["S"]


def queue_of(stack: str, generation: int, lanes: int) -> str:
    return f"taskline-{stack}-{lane_names(generation, lanes)[-1]}.fifo"


@pytest.mark.parametrize("stack", ["prod", "tasks-g07", "g07-tasks-1of2"])
def test_a_single_lane_has_the_numbers_of_its_queue_as_before_there_were_lanes(stack: str) -> None:
    assert recorded(queue_of(stack, 0, 1), HIGHEST) == HIGHEST


@pytest.mark.parametrize("generation", [0, 1])
def test_two_lanes_that_give_the_same_number_are_told_apart(generation: int) -> None:
    """Clients that use the same key have different message groups, and so different lanes."""
    queues = [f"taskline-prod-{name}.fifo" for name in lane_names(generation, 12)]
    numbers = [recorded(queue, LOWEST) for queue in queues]
    assert len(set(numbers)) == 12
    assert max(numbers) < min(recorded(queue, HIGHEST) for queue in queues), "the number still decides"


@pytest.mark.parametrize("stack", ["prod", "tasks-g07"])
@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 2), (9, 10), (98, 99)])
def test_a_later_generation_sorts_behind_an_earlier_one(stack: str, before: int, after: int) -> None:
    earlier = recorded(queue_of(stack, before, 3), HIGHEST)
    later = recorded(queue_of(stack, after, 1), LOWEST)
    assert earlier < later


def test_within_a_generation_the_number_of_the_message_decides() -> None:
    queue = queue_of("prod", 4, 2)
    assert recorded(queue, LOWEST) < recorded(queue, HIGHEST)
