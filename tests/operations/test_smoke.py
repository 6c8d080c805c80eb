"""The parts of `make smoke` that need no stack: its table, its list of alarms, and the data that fails on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from asl import DefinitionError, Machine
from functions.task_types.demo import FlakyData, flaky
from functions.tasks.errors import TaskError, TaskNetworkError, TaskValidationError
from functions.tasks.model import Task
from operations.smoke import tasks
from operations.smoke.letters import DeadLetters
from operations.smoke.refusals import WRONG
from operations.smoke.report import table
from operations.smoke.run import at_least, same, unchecked
from operations.smoke.stack import Stack
from tests.builders import TASK_ID, a_task


def test_the_table_says_what_agrees_what_differs_and_what_was_not_checked() -> None:
    rows = [same("equal", 1, 1), same("unequal", "a", "b"), at_least("enough", 2, 3), unchecked("unknown", "no time")]
    lines = [line.split(maxsplit=1)[0] for line in table(rows).splitlines()[2:]]
    assert lines == ["agrees", "DIFFERS", "agrees", "unknown"]


def test_a_long_value_takes_several_lines_and_loses_nothing() -> None:
    text = "a value that is much longer than the column in which it is shown"
    shown = " ".join(" ".join(line[90:].split()) for line in table([same("long", "", text)]).splitlines()[2:])
    assert shown == text


@pytest.mark.parametrize(("name", "error"), [("NETWORK", TaskNetworkError), ("VALIDATION", TaskValidationError)])
def test_the_data_of_failing_tasks_fails_the_first_attempt_and_not_the_second(
    name: str, error: type[TaskError]
) -> None:
    data = FlakyData.model_validate(tasks.flaky(name))
    with pytest.raises(error):
        flaky(attempt(1), data)
    assert flaky(attempt(2), data) == {"attempt": 2}


def attempt(number: int) -> Task:
    return Task.model_validate(a_task(task_id=TASK_ID, attempt=number))


@pytest.mark.parametrize("state", WRONG.values(), ids=WRONG.keys())
def test_each_wrong_definition_is_one_that_aws_is_expected_to_refuse(state: Mapping[str, Any]) -> None:
    with pytest.raises(DefinitionError) as refused:
        Machine.load({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}})
    assert refused.value.refused_by_aws


class Queue:
    """A queue of dead letters that hides what it hands out, as SQS does."""

    def __init__(self, *bodies: str) -> None:
        self.bodies = list(bodies)
        self.hidden: set[str] = set()

    def receive_message(self, **_: object) -> dict[str, Any]:
        visible = [body for body in self.bodies if body not in self.hidden][:10]
        self.hidden |= set(visible)
        return {"Messages": [{"Body": body, "ReceiptHandle": body} for body in visible]} if visible else {}

    def change_message_visibility(self, *, ReceiptHandle: str, VisibilityTimeout: int, **_: object) -> None:  # noqa: N803
        assert VisibilityTimeout == 0
        self.hidden.discard(ReceiptHandle)

    def delete_message(self, *, ReceiptHandle: str, **_: object) -> None:  # noqa: N803
        self.bodies.remove(ReceiptHandle)


class WithQueue(Stack):
    """A stack that has nothing but a dead-letter queue."""

    def client(self, service: str) -> Any:
        assert service == "sqs"
        return self.session


def letters_in(queue: Queue) -> DeadLetters:
    return DeadLetters(WithQueue(outputs={"dead_letter_queue_url": "url"}, session=queue))


def test_a_dead_letter_is_found_among_those_of_others_and_all_stay() -> None:
    queue = Queue(*(f'{{"task_id": "{n}"}}' for n in range(25)), "not json", "[]")
    assert letters_in(queue).peek("23") == {"task_id": "23"}
    assert letters_in(queue).peek("none") is None
    assert (len(queue.bodies), queue.hidden) == (27, set())


def test_only_the_dead_letter_of_the_task_is_removed() -> None:
    queue = Queue('{"task_id": "1"}', '{"task_id": "2"}')
    letters_in(queue).remove("2")
    assert (queue.bodies, queue.hidden - {'{"task_id": "2"}'}) == (['{"task_id": "1"}'], set())
