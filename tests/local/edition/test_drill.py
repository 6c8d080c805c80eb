"""The drill: five hundred tasks, a third of them failing, during one outage after another.

Nothing may be lost: every task ends, the dead letters are the failed tasks, a redrive makes all succeed, and every
change was published.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from tests.local.edition.outages import Subscriber, changed_policy, no_queue, no_topic
from tests.local.laptop import FINAL, Laptop, eventually

pytestmark = [pytest.mark.check, pytest.mark.nightly]

TASKS = 500
KEYS = 20
CLIENTS = 4
PERMANENT = {"probability": 1, "error_class": "VALIDATION"}
# A message becomes visible again after six seconds instead of minutes, so that this can happen during an outage.
CONFIG = {
    "taskline:handlerTimeoutSeconds": 1,
    "taskline:maxReceiveCount": 50,
    # About a sixth of the runs fail for a transient reason.
    "taskline:breakerFailurePercent": 8,
    "taskline:breakerPeriodSeconds": 10,
    "taskline:breakerCoolDownSeconds": 3600,  # an operator closes it
}
REDELIVERY_SECONDS = "6"
OUTAGE_SECONDS = 60  # at most: an outage ends as soon as it has had an effect

Task = dict[str, Any]


def planned(number: int) -> dict[str, Any]:
    """What task `number` does: 5 % can never succeed, 30 % fail now and then, the others are quick."""
    turn = (number + number // KEYS) % 20
    if turn == 0:
        return {"type": "demo.flaky", "data": PERMANENT}
    if turn <= 6:
        return {"type": "demo.flaky", "data": {"probability": 0.4, "error_class": "NETWORK", "seed": number}}
    return {"type": "demo.echo", "data": {"number": number}}


class Drill:
    """One run of the drill on a separate laptop; the tests below check what it found."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.clients = laptop.clients
        self.outputs = laptop.outputs
        self.events = Subscriber(laptop, self.outputs["events_topic_arn"])
        self.posted: dict[str, list[str]] = {}
        self.ended: dict[str, Task] = {}
        self.redriven: dict[str, Task] = {}
        self.dead_letters: set[str] = set()
        self.opened_by: list[str] = []
        self._over = threading.Event()
        self.published: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def run(self) -> None:
        """Submit tasks, cause and end outages, and wait; then fix and redrive the failed tasks."""
        self._hasten_redelivery()
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            posting = [pool.submit(self._post, range(client, TASKS, CLIENTS)) for client in range(CLIENTS)]
            closing = pool.submit(self._keep_the_breaker_closed)
            try:
                self._outages()
                for one in posting:
                    one.result()
                self.ended = self._when_all_are(FINAL)
            finally:
                self._over.set()
            closing.result()
        self._read_dead_letters()
        self._fix_and_redrive([task for task in self.ended.values() if task["status"] == "failed"])
        self.redriven = self._when_all_are(("succeeded",))
        self._receive_events()

    def _hasten_redelivery(self) -> None:
        self.clients.sqs.set_queue_attributes(
            QueueUrl=self.outputs["queue_url"], Attributes={"VisibilityTimeout": REDELIVERY_SECONDS}
        )

    def _post(self, numbers: range) -> None:
        """Each key has one client, so that the order in which its tasks are accepted is known."""
        for number in numbers:
            key = f"key-{number % KEYS}"
            self.posted.setdefault(key, []).append(self.laptop.post(ordering_key=key, **planned(number)))

    def _keep_the_breaker_closed(self) -> None:
        """Close it whenever it opens; the first time only after all executions in flight have ended."""
        while not self._over.wait(0.5):
            breaker = self.laptop.request("GET", "/v1/breaker").json
            if breaker["state"] == "closed":
                continue
            if not self.opened_by:
                eventually(lambda: self._in_flight() == 0, OUTAGE_SECONDS)
            self.opened_by.append(breaker["by"])
            change = json.dumps({"state": "closed", "reason": "the drill continues"}).encode()
            closed = self.laptop.request("PUT", "/v1/breaker", change, Content_Type="application/json")
            assert closed.status == 200, closed

    def _in_flight(self) -> int:
        name: Any = "ApproximateNumberOfMessagesNotVisible"
        url = self.outputs["queue_url"]
        return int(self.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def _outages(self) -> None:
        failures = self._failures_so_far
        eventually(lambda: self.opened_by, OUTAGE_SECONDS)
        before = failures()
        eventually(lambda: failures() > before, OUTAGE_SECONDS)
        with without(self.laptop, "dynamodb:UpdateItem"):
            eventually(lambda: "AccessDenied" in self.laptop.output, OUTAGE_SECONDS)
        self._let_leases_run_out()
        before = failures()
        with ExitStack() as nothing_sent:
            nothing_sent.enter_context(without(self.laptop, "sqs:SendMessage"))
            self._read_dead_letters()  # they are deleted with their queue
            with no_queue(self.laptop, self.outputs["dead_letter_queue_url"]):
                nothing_sent.close()
                eventually(lambda: failures() > before, OUTAGE_SECONDS)
        before = failures()
        with no_topic(self.laptop, self.events.topic):
            eventually(lambda: failures() > before, OUTAGE_SECONDS)

    def _failures_so_far(self) -> int:
        return sum(item["status"]["S"] == "failed" for item in self._items())

    def _let_leases_run_out(self) -> None:
        """Instead of waiting for a minute and a half: executions that could not record still hold their leases."""
        for item in self._items():
            if item["status"]["S"] == "processing":
                with contextlib.suppress(
                    self.clients.dynamodb.exceptions.ConditionalCheckFailedException
                ):  # has ended
                    self.clients.dynamodb.update_item(
                        TableName=self.outputs["table_name"],
                        Key={"task_id": item["task_id"]},
                        UpdateExpression="SET lease_until = :past",
                        ConditionExpression="lease_owner = :owner",
                        ExpressionAttributeValues={":past": {"N": "0"}, ":owner": item["lease_owner"]},
                    )

    def _items(self) -> Iterator[Mapping[str, Any]]:
        pages = self.clients.get("dynamodb").get_paginator("scan")
        for page in pages.paginate(TableName=self.outputs["table_name"], ConsistentRead=True):
            yield from page["Items"]

    def _when_all_are(self, statuses: tuple[str, ...]) -> dict[str, Task]:
        wanted = {*itertools.chain(*self.posted.values())}

        def done() -> bool:
            reached = {item["task_id"]["S"] for item in self._items() if item["status"]["S"] in statuses}
            return wanted <= reached

        deadline = time.monotonic() + 420  # on a busy machine; it takes a minute on a quiet one
        while not done():
            assert time.monotonic() < deadline, self._unfinished(statuses)
            time.sleep(0.5)
        return {task_id: self.laptop.read(task_id) for task_id in wanted}

    def _unfinished(self, statuses: tuple[str, ...]) -> str:
        left = [f"{item['task_id']['S']}: {item['status']['S']}" for item in self._items()]
        return f"not all are {statuses}: {[one for one in left if not one.endswith(statuses)]}"

    def _read_dead_letters(self) -> None:
        """Note the tasks of all dead letters, and leave those in their queue."""
        url, sqs = self.outputs["dead_letter_queue_url"], self.clients.get("sqs")
        seen: list[Any] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
            seen += messages
        for message in seen:
            self.dead_letters.add(json.loads(message["Body"])["task_id"])
            receipt = message["ReceiptHandle"]
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)

    def _fix_and_redrive(self, failed: list[Task]) -> None:
        for task in failed:
            self._fix(task["task_id"])
        request: dict[str, Any] = {"dry_run": False}
        while True:
            response = self.laptop.request(
                "POST", "/v1/redrive", json.dumps(request).encode(), Content_Type="application/json"
            )
            assert response.status == 202, response
            if "continuation" not in response.json:
                return
            request["continuation"] = response.json["continuation"]

    def _fix(self, task_id: str) -> None:
        """Change the task's body, so that it succeeds. In reality its function would be fixed."""
        table, key = self.outputs["table_name"], {"task_id": {"S": task_id}}
        dynamodb = self.clients.get("dynamodb")
        body = json.loads(dynamodb.get_item(TableName=table, Key=key)["Item"]["body"]["S"])
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET body = :body",
            ExpressionAttributeValues={":body": {"S": json.dumps(body | {"type": "demo.echo", "data": {}})}},
        )

    def _receive_events(self) -> None:
        """Until every change was received, or for half a minute."""
        wanted = {(task_id, at) for task_id, task in self.redriven.items() for _, at in changes(task)}
        deadline = time.monotonic() + 30
        while wanted and time.monotonic() < deadline:
            for text in self.events.receive():
                event = json.loads(text)
                self.published[event["task_id"]].add((event["status"], event["at"]))
                wanted.discard((event["task_id"], event["at"]))
            self.events.received.clear()


def changes(task: Task) -> set[tuple[str, str]]:
    """Every change of status. A claim that takes over a lease is in the history, too, and changes no status."""
    steps = [(entry["status"], entry["at"]) for entry in task["history"]]
    return {steps[0], *(after for before, after in itertools.pairwise(steps) if before[0] != after[0])}


def without(laptop: Laptop, action: str) -> AbstractContextManager[None]:
    """Remove this permission of the state machine for a while."""

    def change(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        left = [one for one in statements if action not in one["Action"]]
        assert len(left) < len(statements), f"the machine was never allowed to {action}"
        return left

    return changed_policy(laptop, "taskline-dev-workflow", change)


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    laptop = Laptop(tmp_path_factory.mktemp("drill") / "state", config=CONFIG)
    laptop.start()
    try:
        drill = Drill(laptop)
        drill.run()
        yield drill
    finally:
        laptop.ensure_stopped()


def test_the_breaker_opened(drill: Drill) -> None:
    assert drill.opened_by[0] == "alarm"


def test_every_task_ends(drill: Drill) -> None:
    assert len(drill.ended) == TASKS
    failed = [task for task in drill.ended.values() if task["status"] == "failed"]
    assert len(failed) >= TASKS // 20, "all that cannot succeed, and those that ran out of attempts"


def test_the_successes_of_each_key_are_in_its_order(drill: Drill) -> None:
    for key, ids in drill.posted.items():
        ends = [task["finished_at"] for task in map(drill.ended.get, ids) if task and task["status"] == "succeeded"]
        assert ends == sorted(ends), key


def test_the_dead_letters_are_the_failed_tasks(drill: Drill) -> None:
    failed = {task_id for task_id, task in drill.ended.items() if task["status"] == "failed"}
    assert drill.dead_letters == failed


def test_after_a_redrive_all_succeed_in_order(drill: Drill) -> None:
    assert {task["status"] for task in drill.redriven.values()} == {"succeeded"}
    assert drill.laptop.dead_letters() == []
    for key, ids in drill.posted.items():
        failed = [drill.redriven[task_id] for task_id in ids if drill.ended[task_id]["status"] == "failed"]
        ends = [task["finished_at"] for task in failed]
        assert ends == sorted(ends), key


def test_every_change_was_published(drill: Drill) -> None:
    happened = {task_id: changes(task) for task_id, task in drill.redriven.items()}
    missing = {task_id: left for task_id in happened if (left := happened[task_id] - drill.published[task_id])}
    assert missing == {}
    assert drill.published == happened, "nothing else was published"
