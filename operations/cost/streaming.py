"""The table's stream as Lambda reads it: shards, and the batches that a mapping's settings make of their records.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from operations.cost.traffic import Write

SHARDS = 4
"""A table on demand begins with capacity for 4,000 writes per second, at 1,000 for each partition."""
POLL_SECONDS = 0.25
Record = dict[str, Any]


def events(writes: Sequence[Write], mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The invocations that the mapping makes for these writes.

    Only complete batches, or, where so many tasks come that none was completed in the simulated time, what there is of
    them: in reality they are fuller, and cost a little less.
    """
    found: list[tuple[bool, dict[str, Any]]] = []
    for shard, lanes in _shards(writes, mapping.get("parallelizationFactor") or 1).items():
        for lane in lanes.values():
            batches = list(_batches(lane, mapping))
            found += [(batch is not batches[-1], _event(shard, batch)) for batch in batches]
    return [event for complete, event in found if complete] or [event for _, event in found]


def _shards(writes: Sequence[Write], parallel: int) -> dict[int, dict[int, list[tuple[float, Record]]]]:
    """The records by shard, and within it by what is read in parallel. Those of a task are all in one of them."""
    shards: dict[int, dict[int, list[tuple[float, Record]]]] = defaultdict(lambda: defaultdict(list))
    for number, write in enumerate(writes, 1):
        place = zlib.crc32(write.task_id.encode())
        shards[place % SHARDS][place // SHARDS % parallel].append((write.at, _record(number, write)))
    return shards


def _record(number: int, write: Write) -> Record:
    images = {"NewImage": write.after} | ({"OldImage": write.before} if write.before else {})
    change = {
        "ApproximateCreationDateTime": write.at,
        "Keys": {"task_id": {"S": write.task_id}},
        "SequenceNumber": f"{number:021}",
        **images,
    }
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/taskline-prod-tasks/stream/2026-11-27T12:00:00.000"
    return {
        "eventID": f"{number:032x}",
        "eventName": "MODIFY" if write.before else "INSERT",
        "eventSourceARN": arn,
        "dynamodb": change,
    }


def _batches(records: Sequence[tuple[float, Record]], mapping: Mapping[str, Any]) -> Iterator[list[Record]]:
    """A batch ends when it is full or its window is over; the last one when there is nothing more."""
    window = max(POLL_SECONDS, mapping.get("maximumBatchingWindowInSeconds") or 0)
    batch: list[Record] = []
    begun = 0.0
    for at, record in records:
        if batch and (at - begun >= window or len(batch) == mapping["batchSize"]):
            yield batch
            batch = []
        begun = begun if batch else at
        batch.append(record)
    yield batch


def _event(shard: int, batch: list[Record]) -> dict[str, Any]:
    return {"Records": batch, "shardId": f"shardId-{shard:020}-0123abcd", "state": {}}
