"""After a death at any moment, MiniStack holds again what it held: checked against its own memory."""

from __future__ import annotations

import asyncio
import copy
import importlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.emulator.process.journal import Journal
from local.emulator.process.recorder import Recorder
from local.emulator.process.records import ReadRecords

TABLE = "tasks"
KEYS = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
DEAD = {"QueueName": "dead.fifo", "Attributes": {"FifoQueue": "true"}}


class Ministack:
    """MiniStack's modules in this process, with a journal. `saved` is what an orderly stop would have left on disk."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        self._patch = monkeypatch
        self.dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
        self.sqs: Any = importlib.import_module("ministack.services.sqs")
        self._originals = self.dynamodb._emit_stream_event, self.dynamodb._delete_table
        self._saved: Any = {"dynamodb": None, "sqs": None}
        self.start()

    def start(self) -> None:
        """As a new process: with what was saved, and nothing in memory."""
        self.forget()
        for service, state in self._saved.items():
            getattr(self, service).load_persisted_state(copy.deepcopy(state))
        self.journal = Journal(self._path)
        self._patch.setattr(self.dynamodb, "_emit_stream_event", self._originals[0])
        self._patch.setattr(self.dynamodb, "_delete_table", self._originals[1])
        self.recorder = Recorder(self.journal, self.dynamodb, self.sqs)
        self._patch.setattr(self.dynamodb, "_emit_stream_event", self.recorder.emit)
        self._patch.setattr(self.dynamodb, "_delete_table", self.recorder.delete_table)
        self._stream = ReadRecords(self.dynamodb, self.recorder.read)

    def deploy(self) -> dict[str, int]:
        """As the Pulumi program: creates what is missing. Then what the last run had not saved comes back."""
        self.call("dynamodb", "CreateTable", TableName=TABLE, **KEYS)
        self.call("sqs", "CreateQueue", **DEAD)
        target = "arn:aws:sqs:us-east-1:000000000000:dead.fifo"
        policy = json.dumps({"maxReceiveCount": 2, "deadLetterTargetArn": target})
        attributes = {"FifoQueue": "true", "RedrivePolicy": policy, "VisibilityTimeout": "0"}
        self.call("sqs", "CreateQueue", QueueName="tasks.fifo", Attributes=attributes)
        return self.recorder.recover()

    def call(self, service: str, action: str, **request: Any) -> Any:
        headers = {"x-amz-target": f"AmazonSQS.{action}", "content-type": "application/x-amz-json-1.0"}
        handler: Callable[..., Any] = getattr(self, service).handle_request
        _, _, body = asyncio.run(handler("POST", "/", headers, json.dumps(request).encode(), {}))
        self.recorder.note_queues()
        self.journal.commit()
        return json.loads(body or b"{}")

    def stop(self) -> None:
        """In order: everything is saved."""
        self._saved = {"dynamodb": self.dynamodb.get_state(), "sqs": self.sqs.get_state()}
        self.recorder.saved()
        self.journal.close()

    def read_changes(self, position: int) -> list[Any]:
        return self._stream.since(TABLE, position, 1000)

    def held(self) -> dict[str, Any]:
        """What it holds now, without what a client cannot see."""
        tables = {name: dict(table["items"]) for (_, _, name), table in self.dynamodb._tables.all_items()}
        queues = {
            queue["name"]: (queue["fifo_seq"], [_visible(message) for message in queue["messages"]])
            for queue in self.sqs._queues.all_values()
        }
        return copy.deepcopy({"tables": tables, "queues": queues})

    def forget(self) -> None:
        for store in ("_tables", "_stream_records", "_stream_trimmed"):
            getattr(self.dynamodb, store).clear()
        self.sqs._queues.clear()
        self.sqs._queue_name_to_url.clear()


def _visible(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in ("receipt_handle", "md5")}


@pytest.fixture
def ministack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Ministack(tmp_path / "journal", monkeypatch)
    made.deploy()
    yield made
    made.forget()


def queue(name: str = "tasks.fifo") -> str:
    return f"http://localhost:4566/000000000000/{name}"


def put(ministack: Ministack, name: str, **attributes: str) -> None:
    item = {"id": {"S": name}, **{key: {"S": value} for key, value in attributes.items()}}
    ministack.call("dynamodb", "PutItem", TableName=TABLE, Item=item)


def send(ministack: Ministack, name: str, group: str = "a") -> Any:
    request = {"MessageBody": name, "MessageGroupId": group, "MessageDeduplicationId": name}
    return ministack.call("sqs", "SendMessage", QueueUrl=queue(), **request)


def act(ministack: Ministack, rng: random.Random, number: int) -> None:
    """Do one thing that a client may do."""
    name, handles = f"t{rng.randrange(12)}", []
    match rng.randrange(8):
        case 0 | 1:
            put(ministack, name, status=f"s{number}")
        case 2:
            changes: dict[str, Any] = {"UpdateExpression": "SET #s = :s", "ExpressionAttributeNames": {"#s": "status"}}
            changes["ExpressionAttributeValues"] = {":s": {"S": f"u{number}"}}
            ministack.call("dynamodb", "UpdateItem", TableName=TABLE, Key={"id": {"S": name}}, **changes)
        case 3:
            ministack.call("dynamodb", "DeleteItem", TableName=TABLE, Key={"id": {"S": name}})
        case 4 | 5:
            send(ministack, f"m{number}", group=rng.choice("abc"))
        case _:
            timeout = rng.choice([0, 0, 60])
            found = ministack.call("sqs", "ReceiveMessage", QueueUrl=queue(), VisibilityTimeout=timeout)
            handles = [one["ReceiptHandle"] for one in found.get("Messages", [])]
    for handle in handles:
        if rng.random() < 0.4:
            ministack.call("sqs", "DeleteMessage", QueueUrl=queue(), ReceiptHandle=handle)
        elif rng.random() < 0.3:
            ministack.call(
                "sqs", "ChangeMessageVisibility", QueueUrl=queue(), ReceiptHandle=handle, VisibilityTimeout=5
            )


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(5, 60))]
)
def test_deaths_and_stops_at_any_moment_change_nothing(ministack: Ministack, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(120):
        act(ministack, rng, number)
        if rng.random() < 0.06:
            before = ministack.held()
            if rng.random() < 0.3:
                ministack.stop()
            ministack.start()
            ministack.deploy()
            assert ministack.held() == before, f"after step {number}"


def test_without_a_journal_a_death_loses_what_was_not_saved(ministack: Ministack, tmp_path: Path) -> None:
    """The control: what the comparison above would find."""
    put(ministack, "t1")
    send(ministack, "m1")
    before = ministack.held()
    for file in tmp_path.glob("journal*"):
        file.unlink()
    ministack.start()
    assert ministack.deploy() == {"records": 0, "messages": 0}
    assert ministack.held() != before


def test_a_message_that_is_sent_again_after_a_death_is_still_a_duplicate(ministack: Ministack) -> None:
    first = send(ministack, "m1")
    ministack.start()
    assert ministack.deploy() == {"records": 0, "messages": 1}
    assert send(ministack, "m1")["MessageId"] == first["MessageId"]
    assert len(ministack.held()["queues"]["tasks.fifo"][1]) == 1


def test_changes_come_again_until_their_reader_asks_for_the_next(ministack: Ministack) -> None:
    put(ministack, "t1")
    put(ministack, "t2")
    assert len(ministack.read_changes(0)) == 2
    ministack.start()
    ministack.deploy()
    first, second = ministack.read_changes(0)
    assert [one["dynamodb"]["Keys"]["id"]["S"] for one in (first, second)] == ["t1", "t2"]
    assert ministack.read_changes(1) == [second], "the first is processed"
    ministack.journal.commit()
    ministack.stop()
    ministack.start()
    ministack.deploy()
    assert ministack.read_changes(0) == [second], "an orderly stop does not lose it, either"


def test_a_start_that_recovers_nothing_takes_nothing_from_the_journal(ministack: Ministack) -> None:
    """The program failed before the tables existed, and the emulator was stopped in order."""
    put(ministack, "t1")
    send(ministack, "m1")
    before = ministack.held()
    ministack.start()
    ministack.stop()
    ministack.start()
    assert ministack.deploy() == {"records": 1, "messages": 1}
    assert ministack.held() == before


def test_what_a_deleted_table_or_queue_held_does_not_come_back(ministack: Ministack) -> None:
    put(ministack, "t1")
    send(ministack, "m1")
    ministack.call("dynamodb", "DeleteTable", TableName=TABLE)
    ministack.call("sqs", "DeleteQueue", QueueUrl=queue())
    ministack.start()
    assert ministack.deploy() == {"records": 0, "messages": 0}


def test_after_an_orderly_stop_the_journal_is_gone(ministack: Ministack, tmp_path: Path) -> None:
    put(ministack, "t1")
    send(ministack, "m1")
    ministack.read_changes(0)
    ministack.read_changes(1)
    before = ministack.held()
    ministack.stop()
    assert list(tmp_path.glob("journal*")) == []
    ministack.start()
    assert ministack.deploy() == {"records": 0, "messages": 0}
    assert ministack.held() == before
