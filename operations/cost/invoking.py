"""`python -m operations.cost.invoking SERVICE`: invoke a shipped handler, as in its environment on AWS, and count.

Reads a JSON list of events from stdin, and prints what the invocations did: bytes of log lines, calls, units. Each
function has a process of its own, because Powertools reads the environment when it is imported.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from itertools import count
from typing import Any

from infrastructure.cost.writes import TRANSACTION_FACTOR, size_of, units
from testing.services.clients import InMemoryDynamoDB, InMemorySQS
from testing.services.count_table import InMemoryCountTable, TransactionCanceledError
from testing.services.fifo import InMemoryFifo
from testing.services.table import ConditionalCheckFailedError, InMemoryTable

_EMF = "_aws"
_CHUNK = 64 * 1024
REMAINING_MILLISECONDS = 30_000


class Tally:
    """What invocations did."""

    def __init__(self) -> None:
        self.calls = self.publications = self.write_units = self.read_units = 0

    def count(self, _operation: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Count a call, and make it."""
        self.calls += 1
        return call()


class InvokedContext:
    """Lambda's context, with ids as long as on AWS."""

    memory_limit_in_mb = 512
    aws_request_id = "8f5a2c1e-7b3d-4e9f-a1c2-d3e4f5a6b7c8"

    def __init__(self, service: str) -> None:
        self.function_name = f"taskline-prod-{service}"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}:live"

    def get_remaining_time_in_millis(self) -> int:
        """As at the start of a run."""
        return REMAINING_MILLISECONDS


class CountedTopic:
    """SNS, which charges for each 64 KB of a request."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def publish_batch(self, **request: Any) -> dict[str, Any]:
        """PublishBatch: all events are accepted."""
        self._tally.calls += 1
        size = len(json.dumps(request["PublishBatchRequestEntries"]).encode())
        self._tally.publications += -(-size // _CHUNK)
        return {"Successful": [], "Failed": []}

    def publish(self, **_request: Any) -> object:
        """Publish: events come in batches only."""
        raise NotImplementedError


class CountedCounts:
    """The table of counts, with the units of its reads and writes."""

    class exceptions:  # noqa: N801 boto3's name
        """boto3's modelled errors."""

        ConditionalCheckFailedException = ConditionalCheckFailedError
        TransactionCanceledException = TransactionCanceledError

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._table = InMemoryCountTable()

    def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem, strongly consistent: a read unit."""
        self._tally.calls += 1
        self._tally.read_units += 1
        return self._table.get_item(request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """TransactWriteItems: twice the units of each item."""
        self._tally.calls += 1
        response = self._table.transact_write_items(request)
        for update in request["TransactItems"]:
            key = update["Update"]["Key"]
            item = self._table.items[key["scope"]["S"], key["name"]["S"]]
            self._tally.write_units += TRANSACTION_FACTOR * units(size_of(item))
        return response

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """DeleteItem: a unit, whether its condition holds or not."""
        self._tally.calls += 1
        self._tally.write_units += 1
        return self._table.delete_item(request)


def _validator(module: Any, tally: Tally) -> AbstractContextManager[None]:
    from functions.adapters.queue import SQSTaskQueue
    from functions.adapters.task_table.records import DynamoDBRecordStore
    from functions.task_types import load_task_types
    from functions.tasks.clock import uuid7
    from functions.tasks.intake.ordering import DefaultOrdering
    from functions.tasks.intake.submission import Ports
    from functions.tasks.tenancy import Tenancy

    table: Any = InMemoryDynamoDB(InMemoryTable(), tally.count)
    queues: Any = InMemorySQS(InMemoryFifo(time.time, max_receive_count=1).send, InMemoryFifo(time.time), tally.count)
    ports = Ports(
        records=DynamoDBRecordStore("tasks", table, module.logger.get_correlation_id),
        queue=SQSTaskQueue("queue", queues, correlation_id=module.logger.get_correlation_id),
        types=load_task_types(),
        now=lambda: datetime.now(UTC),
        new_id=lambda moment: uuid7(int(moment.timestamp() * 1000), bytes(10)),
        tenancy=Tenancy.ISOLATED,
        ordering=DefaultOrdering.ONE_KEY,
        id_secret=b"a secret",
    )
    return module.build.given(ports)


def _events(module: Any, tally: Tally) -> AbstractContextManager[None]:
    import os

    from functions.adapters.topic import SNSEventTopic
    from functions.task_types import load_task_types

    share = os.environ.get("DATA_SHARE")
    topic = SNSEventTopic("topic", CountedTopic(tally))
    publisher = module.Publisher(
        topic=topic,
        unreadable=None,
        types=frozenset(load_task_types()),
        data_share=None if share is None else float(share),
    )
    return module.build.given(publisher)


def _counter(module: Any, tally: Tally) -> AbstractContextManager[None]:
    from functions.adapters.count_table.counts import DynamoDBCounts

    client: Any = CountedCounts(tally)
    counts = DynamoDBCounts("counts", now=lambda: datetime.now(UTC), pause=lambda: None, client=client)
    return module.build.given(module.Counter(counts=counts))


def _processor(module: Any, _tally: Tally) -> AbstractContextManager[None]:
    """With a clock of its own, so that a line is as long in each measurement, and as on AWS."""
    clock = count(10**12, 250)
    return module.build.given(replace(module.build(), now_ms=lambda: next(clock)))


PORTS: dict[str, Callable[[Any, Tally], AbstractContextManager[None]]] = {
    "validator": _validator,
    "processor": _processor,
    "events": _events,
    "counter": _counter,
}


def invoke_all(service: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What the handler did with these events. The first comes twice: a cold start is not counted."""
    written, context = io.StringIO(), InvokedContext(service)
    with redirect_stdout(written):  # already now: the logger remembers the stream that there is when it is imported
        module = import_module(f"functions.{service}")
        _invoke(service, module, events[:1], context)
        cold = written.tell()
        tally = _invoke(service, module, events, context)
    every_line = written.getvalue()
    lines = every_line[cold:].splitlines()
    return {
        "invocations": len(events),
        "line_bytes": sum(len(line.encode()) for line in lines),
        "metrics": sorted({metric for line in every_line.splitlines() for metric in _metrics(line)}),
        **vars(tally),
    }


def _invoke(service: str, module: Any, events: list[dict[str, Any]], context: InvokedContext) -> Tally:
    tally = Tally()
    with PORTS[service](module, tally):
        for event in events:
            module.handler(event, context)
    return tally


def _metrics(line: str) -> list[tuple[str, ...]]:
    """The custom metrics that a line of CloudWatch's embedded format writes: namespace, name and dimensions."""
    document = json.loads(line)
    found: list[tuple[str, ...]] = []
    for one in document.get(_EMF, {}).get("CloudWatchMetrics", ()):
        values = [f"{name}={document[name]}" for names in one["Dimensions"] for name in sorted(names)]
        found += [(one["Namespace"], metric["Name"], *values) for metric in one["Metrics"]]
    return found


if __name__ == "__main__":
    print(json.dumps(invoke_all(sys.argv[1], json.load(sys.stdin))))
