"""The functions of MiniStack that are replaced have the same effect, and forget what is no longer needed."""

import copy
import importlib
import random
from typing import Any

import pytest

from local.emulator.process.records import READ_RECORD_SECONDS, ReadRecords, prune_expired


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
