"""`python -m tests.infrastructure.watch.emitting SERVICE`: run a shipped handler through all that it measures.

Prints the lines that it writes. Each function has a process of its own, because Powertools reads the environment when
it is imported. Clients of AWS are replaced, nothing of the functions is.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from functions.tasks.errors import ErrorClass
from operations.cost.invoking import PORTS, Tally
from testing.services.clients import InMemoryDynamoDB, InMemorySQS
from testing.services.fifo import InMemoryFifo
from testing.services.table import InMemoryTable
from tests.builders import a_message, a_task, an_item
from tests.functions.breaker.fakes import FakePorts
from tests.functions.events.support import FakeTopic, Kept, a_change, a_failed_item
from tests.functions.support import CONTEXT, event, get_task, post

LEASE = {"execution": "some-execution", "lease_until": 4_102_444_800_000}  # until 2100


def validator(module: Any) -> None:
    """A task, and the same request again."""
    with PORTS["validator"](module, Tally()):
        for _ in range(2):
            module.handler(post(a_task(), headers={"Idempotency-Key": "the-same"}), CONTEXT)


def processor(module: Any) -> None:
    """A run that succeeds, and one for each class of errors."""
    with PORTS["processor"](module, Tally()):
        for body in _bodies():
            with suppress(Exception):
                module.handler({"task_id": "some-task", "body": body, "attempt": 1, "run": 1, **LEASE}, CONTEXT)


def _bodies() -> Iterator[str]:
    created = {"created_at": "2026-01-31T12:00:00.000Z"}
    yield a_message(type="demo.echo", **created)
    for one in ErrorClass:
        yield a_message(type="demo.flaky", data={"probability": 1, "error_class": one.value}, **created)


def events(module: Any) -> None:
    """A change to each status, and one that cannot be read."""
    changes = [
        a_change(None, an_item("queued"), 1),
        a_change(an_item("queued"), an_item("queued", "processing"), 2),
        a_change(an_item("queued", "processing"), an_item("queued", "processing", "succeeded"), 3),
        a_change(an_item("queued", "processing"), a_failed_item(), 4),
        a_change(an_item("queued"), an_item("queued", "cancelled"), 5),
        a_change(None, {"status": {"S": "queued"}, "body": {"S": "no record"}}, 6),
    ]
    types = frozenset({"default"})
    with module.build.given(module.Publisher(topic=FakeTopic(), unreadable=Kept(), types=types)):
        module.handler({"Records": changes}, CONTEXT)


def monitor(module: Any) -> None:
    """A failure that reaches the threshold."""
    from moto import mock_aws

    from tests.functions.events.test_failure_monitor import TABLE, FakeAlerts, a_failure

    with mock_aws():
        import boto3

        client: Any = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        rules = module.Monitor(
            patterns=module.DynamoDBPatternStore(TABLE, client),
            alerts=FakeAlerts(),
            window=timedelta(minutes=5),
            threshold=1,
            types={"default"},
            now=lambda: datetime(2026, 1, 31, 12, tzinfo=UTC),
        )
        module.build = lambda: rules
        module.handler({"Records": [{"messageId": "1", "body": a_failure(1)}]}, CONTEXT)


def breaker(module: Any) -> None:
    """A tick."""
    module.build = lambda: FakePorts().control
    module.handler(event("tick.json"), CONTEXT)


def redrive(module: Any) -> None:
    """A redrive that finds nothing to redrive."""
    queues: Any = InMemorySQS(InMemoryFifo(lambda: 0, max_receive_count=1).send, InMemoryFifo(lambda: 0), _perform)
    table: Any = InMemoryDynamoDB(InMemoryTable(), _perform)
    now = lambda: datetime(2026, 1, 31, 12, tzinfo=UTC)  # noqa: E731
    ports = module.Ports(
        redriver=module.Redriver(
            tasks=module.DynamoDBFailedTasks("tasks", table), queue=module.SQSTaskQueue("queue", queues), now=now
        ),
        dead_letters=module.SQSDeadLetters("dead-letters", queues),
        fresh_for=timedelta(hours=1),
        now=now,
    )
    with module.build.given(ports):
        sent = post({"dry_run": False, "ordering_key": "k"}, resource="/redrive")
        module.handler(sent, CONTEXT)


def _perform(_operation: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    return call()


def counter(module: Any) -> None:
    """An empty batch."""
    module.handler({"Records": [], "shardId": "shard"}, CONTEXT)


def gatekeeper(module: Any) -> None:
    """A tick, and no key is closed."""
    client: Any = InMemoryDynamoDB(InMemoryTable(), _perform)
    gates = module.DynamoDBGates("gates", "tasks", client)
    nothing: Any = dict.fromkeys(("tasks", "executions", "grace", "keep_for", "queue"))
    with module.build.given(module.Gatekeeper(gates=gates, now=lambda: datetime.now(UTC), **nothing)):
        module.handler(event("tick.json"), CONTEXT)


def others(module: Any) -> None:
    """What serves requests only: any request will do, also one that it refuses."""
    module.handler(get_task("some-task") | {"resource": "/nothing"}, CONTEXT)


RUNS: dict[str, Callable[[Any], None]] = {
    one.__name__: one for one in (validator, processor, events, monitor, breaker, redrive, counter, gatekeeper)
}


if __name__ == "__main__":
    service = sys.argv[1]
    RUNS.get(service, others)(import_module(f"functions.{service}"))
