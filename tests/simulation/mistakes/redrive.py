"""Deliberate mistakes in redrive; see `catalog.py`."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from functions.adapters.clients import unavailable_on_failure
from functions.adapters.dead_letters import SQSDeadLetters
from functions.adapters.task_table import failures as failed_tasks
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from functions.tasks.redrive import many, state, sweep
from functions.tasks.redrive.dead_letters import Verdict
from functions.tasks.redrive.redriver import Redriver
from functions.tasks.redrive.state import Mark, TaskState
from functions.tasks.tenancy import message_group

Patch = AbstractContextManager[Any]


def _sends_before_marking() -> Patch:
    def redrive(self: Redriver, seen: TaskState) -> Mark | None:
        with unavailable_on_failure("the task table"):
            item = self.tasks._client.get_item(TableName="tasks", Key={"task_id": {"S": seen.task_id}})["Item"]  # pyright: ignore
        redrives = seen.redrives + 1
        self.queue.send(
            body=item["body"]["S"],
            group=message_group(item["tenant"]["S"], seen.ordering_key),
            deduplication_id=state.redrive_id(seen.task_id, redrives),
        )
        mark = self.tasks.mark(seen, self.now())
        if mark is not None:
            self.tasks.settle(mark)
        return mark

    return mock.patch.object(Redriver, "redrive", redrive)


def _settles_before_sending() -> Patch:
    def send(self: Redriver, mark: Mark | None) -> Mark | None:
        if mark is not None:
            self.tasks.settle(mark)
            self.queue.send(body=mark.body, group=mark.group, deduplication_id=mark.deduplication_id)
        return mark

    return mock.patch.object(Redriver, "_send", send)


def _marks_unconditionally() -> Patch:
    update = DynamoDBFailedTasks._update

    def without_condition(self: DynamoDBFailedTasks, task_id: str, **request: Any) -> Any:
        if ":entry" in request["ExpressionAttributeValues"]:
            del request["ConditionExpression"]
        return update(self, task_id, **request)

    return mock.patch.object(DynamoDBFailedTasks, "_update", without_condition)


def _settles_unconditionally() -> Patch:
    update = DynamoDBFailedTasks._update

    def without_condition(self: DynamoDBFailedTasks, task_id: str, **request: Any) -> Any:
        if ":entry" not in request["ExpressionAttributeValues"]:
            del request["ConditionExpression"]
        return update(self, task_id, **request)

    return mock.patch.object(DynamoDBFailedTasks, "_update", without_condition)


def _redrives_in_reverse() -> Patch:
    of_key = DynamoDBFailedTasks.of_key
    return mock.patch.object(
        DynamoDBFailedTasks, "of_key", lambda self, key: iter(sorted(of_key(self, key), key=_backwards))
    )


def _backwards(seen: TaskState) -> int:
    return -int(seen.sequence_number or 0)


@contextmanager
def _reuses_the_redrive_id() -> Generator[None]:
    def always_the_same(task_id: str, _: int) -> str:
        return f"{task_id}-redrive"

    with (
        mock.patch.object(state, "redrive_id", always_the_same),
        mock.patch.object(failed_tasks, "redrive_id", always_the_same),
    ):
        yield


def _overrules(verdict: Callable[[Verdict], Verdict]) -> Patch:
    judge = sweep.judge
    return mock.patch.object(sweep, "judge", lambda *given: verdict(judge(*given)))


def _redrives_into_the_key_s_group() -> Patch:
    return mock.patch.object(Mark, "group", property(lambda self: self.ordering_key))


REDRIVE_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "a redriven task changes its message group": _redrives_into_the_key_s_group,
    "redrive sends before it marks": _sends_before_marking,
    "redrive settles before it sends": _settles_before_sending,
    "redrive marks a task without a condition": _marks_unconditionally,
    "redrive settles a task that has failed again": _settles_unconditionally,
    "redrive goes in reverse order": _redrives_in_reverse,
    "redrive ignores interrupted redrives": lambda: mock.patch.object(
        DynamoDBFailedTasks, "interrupted", return_value=None
    ),
    "redrive uses one id for all redrives of a task": _reuses_the_redrive_id,
    "redrive ignores undelivered messages": lambda: mock.patch.object(
        many.BulkRedrive, "_undelivered", lambda self: self._sweep.run(self._started + many._SWEEP) or True
    ),
    "redrive deletes undelivered messages": lambda: _overrules(
        lambda verdict: Verdict.STALE if verdict is Verdict.SEND else verdict
    ),
    "redrive deletes the dead letters of current failures": lambda: _overrules(
        lambda verdict: Verdict.STALE if verdict is Verdict.CURRENT else verdict
    ),
    "redrive never deletes a dead letter": lambda: mock.patch.object(SQSDeadLetters, "delete", return_value=None),
    "redrive sends undelivered messages before the failures ahead of them": lambda: mock.patch.object(
        many, "_comes_before", return_value=False
    ),
}
