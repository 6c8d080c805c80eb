"""A write is acknowledged when the journal has it, and refused when the journal cannot take it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.emulator.process.durability import RECOVER_PATH, durable
from local.emulator.process.journal import JournalUnavailable

PUT, GET, SEND = "DynamoDB_20120810.PutItem", "DynamoDB_20120810.GetItem", "AmazonSQS.SendMessage"


@dataclass
class FakeJournal:
    """Notes in what order things happen. `full` is a disk that takes nothing."""

    happened: list[str]
    full: bool = False
    is_written: bool = True
    is_synced: bool = True

    def commit(self) -> None:
        if self.full:
            raise JournalUnavailable("the disk is full")
        self.is_written = True
        self.happened.append("committed")

    def sync(self) -> None:
        self.is_synced = True
        self.happened.append("synced")


@dataclass
class FakeRecorder:
    happened: list[str]

    def note_queues(self) -> None:
        self.happened.append("noted")

    def recover(self) -> dict[str, int]:
        return {"records": 1, "messages": 2}


@dataclass
class Emulator:
    """An application that writes, behind the journal."""

    happened: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.journal = FakeJournal(self.happened)
        self.application: Any = durable(self._write, self.journal, FakeRecorder(self.happened))  # type: ignore[arg-type]

    async def _write(self, scope: Any, _receive: Any, send: Any) -> None:
        self.happened.append("done")
        self.journal.is_written = self.journal.is_synced = False
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"result"})

    def call(self, target: str, path: str = "/", method: str = "POST", service: str = "") -> tuple[int, bytes]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            self.happened.append("answered" if message["type"] == "http.response.start" else "")
            sent.append(message)

        headers = [(b"x-amz-target", target.encode())] if target else []
        if service:
            credential = f"AWS4-HMAC-SHA256 Credential=test/20260131/us-east-1/{service}/aws4_request, Signature=x"
            headers.append((b"authorization", credential.encode()))
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        asyncio.run(self.application(scope, None, send))
        start, body = sent
        return start["status"], body["body"]

    @property
    def order(self) -> list[str]:
        return [one for one in self.happened if one]


@pytest.mark.parametrize(("target", "noted"), [(PUT, []), (SEND, ["noted"]), ("", ["noted"])])
def test_the_response_of_a_write_waits_for_the_journal(target: str, noted: list[str]) -> None:
    emulator = Emulator()
    assert emulator.call(target) == (200, b"result")
    assert emulator.order == ["done", *noted, "committed", "synced", "answered"]


def test_a_write_that_the_journal_did_not_take_is_not_acknowledged() -> None:
    emulator = Emulator()
    emulator.journal.full = True
    status, body = emulator.call(PUT)
    assert status == 503
    assert b"the disk is full" in body
    assert b"result" not in body


@pytest.mark.parametrize("target", [PUT, SEND, "AmazonSQS.ReceiveMessage"])
def test_then_no_further_write_begins_and_no_message_is_handed_out(target: str) -> None:
    emulator = Emulator()
    emulator.journal.full, emulator.journal.is_written = True, False
    assert emulator.call(target)[0] == 503
    assert "done" not in emulator.order
    emulator.journal.full = False
    assert emulator.call(target)[0] == 200, "until there is room: what was kept is written first"


def test_reads_do_not_need_the_journal() -> None:
    emulator = Emulator()

    async def read(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"found"})

    emulator.application = durable(read, emulator.journal, FakeRecorder(emulator.happened))  # type: ignore[arg-type]
    emulator.journal.full = True
    assert emulator.call(GET) == (200, b"found")


@pytest.mark.parametrize(
    ("method", "service", "status"),
    [
        ("POST", "iam", 200),
        ("POST", "sts", 200),
        ("GET", "lambda", 200),
        ("POST", "lambda", 503),
        ("POST", "sns", 503),
    ],
)
def test_what_has_to_do_with_no_table_or_queue_works_without_the_journal(
    method: str, service: str, status: int
) -> None:
    """The front door looks up functions and roles: if it could not, tasks would be turned away for another reason."""
    emulator = Emulator()
    emulator.journal.full, emulator.journal.is_written = True, False
    assert emulator.call("", method=method, service=service)[0] == status


def test_a_recovery_is_asked_for_by_its_path() -> None:
    assert Emulator().call("", RECOVER_PATH) == (200, b'{"records": 1, "messages": 2}')
