"""The table's stream, and the function that counts its changes, delivered as Lambda delivers: at least once.

Counting touches nothing that tasks depend on, so it is played after they have settled, with faults of its own.
"""

import random
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from asl import Group, Scheduler, VirtualClock
from functions import counter
from functions.adapters.count_table.counts import DynamoDBCounts
from functions.tasks.errors import Unavailable
from testing.services.clients import Call
from testing.services.count_table import InMemoryCountTable, TransactionCanceledError
from testing.services.table import ConditionalCheckFailedError
from tests.simulation.actors.calls import LambdaContext
from tests.simulation.actors.stepped import Crashed, Fiber, Stepped, step
from tests.simulation.world.world import Change

_DEV_NULL = Path("/dev/null").open("w")  # noqa: SIM115 open as long as the process runs
_TIMEOUT_SECONDS = 100_000.0
_FAULTY_INVOCATIONS = 30
Record = dict[str, Any]


class Trouble:
    """How much goes wrong in this run, until a number of invocations has been made."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.invocations = 0
        self._call, self._crash, self._repeat = (rng.choice((0.0, 0.1, 0.4)) for _ in range(3))

    def call(self) -> bool:
        """Whether a call fails."""
        return self._occurs(self._call)

    def crash(self) -> bool:
        """Whether the function's process dies now."""
        return self._occurs(self._crash / 2)

    def repeat(self) -> bool:
        """Whether the stream is read again from an earlier position."""
        return self._occurs(self._repeat)

    def _occurs(self, probability: float) -> bool:
        return self.invocations < _FAULTY_INVOCATIONS and self.rng.random() < probability


class SimulatedCountsClient:
    """The counter's DynamoDB client. A call may take no effect, or take effect and lose its response."""

    class exceptions:  # noqa: N801 boto3's name
        """boto3's modelled errors."""

        ConditionalCheckFailedException = ConditionalCheckFailedError
        TransactionCanceledException = TransactionCanceledError

    def __init__(self, table: InMemoryCountTable, trouble: Trouble) -> None:
        self._table = table
        self._trouble = trouble

    def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem."""
        return self._faulty("GetItem", lambda: self._table.get_item(request))

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """DeleteItem."""
        return self._faulty("DeleteItem", lambda: self._table.delete_item(request))

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """TransactWriteItems, which another transaction may interfere with."""
        if self._trouble.call():
            step()
            raise TransactionCanceledError("TransactionConflict")
        return self._faulty("TransactWriteItems", lambda: self._table.transact_write_items(request))

    def _faulty(self, operation: str, call: Call) -> dict[str, Any]:
        step()
        if self._trouble.call():
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
        response = call()
        step()
        if self._trouble.call():
            raise ReadTimeoutError(endpoint_url="simulated")
        return response


def count_all(changes: list[Change], table: InMemoryCountTable, seed: int) -> None:
    """Deliver every change until the stream has caught up."""
    rng = random.Random(f"counts {seed}")
    trouble, clock = Trouble(rng), VirtualClock(0.0)
    client: Any = SimulatedCountsClient(table, trouble)
    counts = DynamoDBCounts("counts", now=lambda: datetime.fromtimestamp(clock.now(), UTC), pause=step, client=client)
    ports = counter.Counter(counts=counts)
    shards = _shards(changes, rng.choice((1, 1, 2, 3)))
    pollers = [_poller(shard, records, trouble) for shard, records in shards.items()]
    if rng.random() < 0.5:  # one that was believed to be dead goes on beside its successor
        pollers += [_poller(shard, records, trouble) for shard, records in shards.items()]
    with counter.build.given(ports), redirect_stdout(_DEV_NULL):
        scheduler = Scheduler(clock, _NoTasks(), _TIMEOUT_SECONDS)
        scheduler.run(_all(scheduler, pollers))


class _NoTasks:
    blocking = False

    def run(self, request: Any) -> Any:
        """There is no state machine."""
        raise AssertionError(request)


def _all(scheduler: Scheduler, fibers: list[Fiber]) -> Fiber:
    group = Group()
    for index, fiber in enumerate(fibers):
        scheduler.spawn(group, fiber, index)
    for _ in fibers:
        ended = yield group
        if ended.error is not None:
            raise ended.error


def _poller(shard: str, records: list[Record], trouble: Trouble) -> Fiber:
    """What reads one shard for Lambda: in order, again from the last checkpoint after an error, and now and then more.

    Batches begin at a checkpoint, and end anywhere.
    """
    checkpoints, start = [0], 0
    while start < len(records):
        batch = records[start : start + trouble.rng.choice((1, 2, 5, 100))]
        if (yield from _counted(shard, batch, trouble)):
            start += len(batch)
            checkpoints.append(start)
        if trouble.repeat():
            start = trouble.rng.choice(checkpoints)


def _counted(shard: str, batch: list[Record], trouble: Trouble) -> Fiber:
    """One invocation; whether Lambda learns that it succeeded."""
    trouble.invocations += 1

    def pause() -> float:
        if trouble.crash():
            raise Crashed
        return trouble.rng.choice((0.001, 0.01, 0.3))

    event = {"Records": batch, "shardId": shard, "state": {}}
    work = Stepped(lambda: counter.handler(event, LambdaContext()), pause)  # pyright: ignore[reportArgumentType]
    try:
        response = yield from work.fiber()
    except Unavailable:
        return False
    return response is not None and "state" in response


def _shards(changes: list[Change], count: int) -> dict[str, list[Record]]:
    """The changes as records of the stream: those of a task are all in one shard, in order."""
    shards: dict[str, list[Record]] = {f"shard-{number}": [] for number in range(count)}
    for number, (before, after) in enumerate(changes, 1):
        images = {name: image for name, image in (("OldImage", before), ("NewImage", after)) if image is not None}
        key = (after or before or {})["task_id"]
        shards[f"shard-{sum(key['S'].encode()) % count}"].append(
            {"eventID": str(number), "dynamodb": {"Keys": {"task_id": key}, "SequenceNumber": str(number), **images}}
        )
    return shards
