"""The guard admits only Taskline, and the one function of MiniStack that is replaced has the same effect."""

import asyncio
import copy
import importlib
import random
from typing import Any

import pytest

from local.emulator import emulator_process
from local.emulator.emulator_process import READ_RECORD_SECONDS, ReadRecords, guarded, prune_expired
from local.services.lambdas import forwarder


def a_queue(rng: random.Random, now: float) -> dict[str, Any]:
    """A queue with deduplication ids of the last ten minutes; all are remembered for five."""
    sent = sorted(now - rng.uniform(0, 600) for _ in range(rng.randrange(40)))
    return {"dedup_cache": {f"id-{n}": {"expire": moment + 300, "id": str(n)} for n, moment in enumerate(sent)}}


@pytest.mark.parametrize("seed", range(50))
def test_expired_ids_are_dropped_as_by_the_original(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    ours = a_queue(random.Random(seed), now)
    theirs = copy.deepcopy(ours)
    prune_expired(ours)
    original: Any = vars(importlib.import_module("ministack.services.sqs"))["_prune_dedup"]
    original(theirs)
    assert ours == theirs


SECRET, HOST = "s3cret-of-this-start", "127.0.0.1:5000"
SDK = ("user-agent", f"Boto3/1.43 md/Botocore#1.43 app/{SECRET}")


def admitted(*headers: tuple[str, str], kind: str = "http") -> bool:
    """Whether a request with these headers reaches the application; a refused one gets an error and nothing else."""
    reached: list[str] = []
    sent: list[Any] = []

    async def application(scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(scope["type"])

    async def receive() -> Any:
        raise AssertionError("nothing is read from a request that is refused")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "path": "/", "headers": [(name.encode(), value.encode()) for name, value in headers]}
    asyncio.run(guarded(application, SECRET, HOST)(scope, receive, send))
    assert bool(reached) != bool(sent)
    assert not sent or sent[0].get("status", sent[0].get("code")) in (403, 1008)
    return bool(reached)


def test_the_guard_admits_clients_that_know_the_secret() -> None:
    assert admitted(("host", HOST), SDK)
    assert admitted(("host", HOST), ("user-agent", f"app/{SECRET}"))
    assert admitted(kind="lifespan"), "the server's own start and stop"


@pytest.mark.parametrize(
    "headers",
    [
        [("host", HOST)],
        [("host", HOST), ("user-agent", "Boto3/1.43")],
        [("host", HOST), ("user-agent", "app/another")],
        [("host", HOST), ("user-agent", f"app/{SECRET}x")],
        [("host", HOST), ("user-agent", f"xapp/{SECRET}")],
        [("host", HOST), ("authorization", "AWS4-HMAC-SHA256 Credential=test/20260131/us-east-1/sqs/aws4_request")],
        [("host", HOST), SDK, ("origin", "http://evil.example")],
        [("host", HOST), SDK, ("origin", f"http://{HOST}")],
        [("host", HOST), SDK, ("sec-fetch-site", "cross-site")],
        [("host", HOST), SDK, ("sec-fetch-mode", "no-cors")],
        [("host", "evil.example:5000"), SDK],
        [("host", "localhost:5000"), SDK],
        [("host", HOST), ("host", "evil.example"), SDK],
        [SDK],
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_guard_refuses_everyone_else(headers: list[tuple[str, str]], kind: str) -> None:
    assert not admitted(*headers, kind=kind)


def test_the_forwarder_knows_the_secret_by_the_same_name() -> None:
    """It runs without our packages on its path, so the name stands in both files."""
    assert forwarder.SECRET_VARIABLE == emulator_process.SECRET_VARIABLE


class Stream:
    """MiniStack's own functions for a table's stream, on a clock that stands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000.0
        self.module: Any = importlib.import_module("ministack.services.dynamodb")
        monkeypatch.setattr("time.time", lambda: self.now)
        ours = ReadRecords(self.module, now=lambda: self.now)
        monkeypatch.setattr(self.module, "stream_records_since", ours.since)
        monkeypatch.setattr(self.module, "_trim_stream_records", ours.trim)
        monkeypatch.setitem(self.module._stream_records, "tasks", [])
        monkeypatch.setitem(self.module._stream_trimmed, "tasks", 0)

    def write(self, *names: str) -> None:
        records = [{"name": name, "dynamodb": {"ApproximateCreationDateTime": self.now}} for name in names]
        self.module._stream_records["tasks"].extend(records)

    def read(self, position: int) -> list[str]:
        return [record["name"] for record in self.module.stream_records_since("tasks", position, 1000)]

    @property
    def held(self) -> int:
        return len(self.module._stream_records["tasks"])


def test_read_records_of_a_stream_are_dropped_and_positions_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(monkeypatch)
    stream.write("a", "b")
    assert stream.read(0) == ["a", "b"]
    stream.now += READ_RECORD_SECONDS
    assert (stream.read(2), stream.held) == ([], 2), "just read: a reader that lost the response asks again"
    stream.now += 1
    stream.write("c")
    assert (stream.read(2), stream.held) == (["c"], 1)
    assert stream.read(0) == ["c"], "who comes too late continues with what there is"
    assert stream.module.stream_end_position("tasks") == 3


def test_records_that_were_not_read_stay_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(monkeypatch)
    stream.write("a", "b")
    stream.now += 86_000
    stream.write("c")
    assert stream.read(0) == ["a", "b", "c"]
    stream.now += 1_000
    assert stream.read(0) == ["c"], "MiniStack's own limit"
