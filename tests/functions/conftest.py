"""The AWS side of the handlers, on moto: a table, FIFO queues, and handlers with new clients."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import hypothesis
import pytest
from botocore.loaders import JSONFileLoader
from moto import mock_aws

# Powertools reads these when `functions.telemetry.observability` is imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Taskline")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")

from functions import canceller, counter, processor, reader, redrive, validator
from functions.adapters.dead_letters import SQSDeadLetters
from functions.adapters.task_table.failed_index import INDEX, INDEXED
from functions.adapters.task_table.indexes import HASH_KEYS, RANGE_KEY
from functions.telemetry.observability import logger
from tests.functions.document.documented import assert_documented
from tests.functions.support import CONTEXT, ApiResponse, delete_task, get_task, get_tasks, post

# The same examples in every run, and nothing stored between runs.
hypothesis.settings.register_profile("taskline", derandomize=True, deadline=None, database=None, max_examples=60)
hypothesis.settings.load_profile("taskline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Powertools warns about each request without a metric of its own; most have none."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:No application metrics to publish"))


@pytest.fixture(autouse=True)
def _nothing_said_before() -> Generator[None]:
    """In production each function has a process and a logger of its own."""
    yield
    logger.clear_state()


_load_file = JSONFileLoader.load_file
_loaded: dict[str, Any] = {}


def _load_once(loader: JSONFileLoader, file_path: str) -> Any:
    """Moto starts a new botocore session with every mock, and each would parse the same megabytes again."""
    if file_path not in _loaded:
        _loaded[file_path] = _load_file(loader, file_path)
    return _loaded[file_path]


FRESH_HOURS = 72
ID_SECRET = "0123456789abcdef" * 4
FAILED_INDEX: Any = {
    "IndexName": INDEX,
    "KeySchema": [
        {"AttributeName": "failed_key", "KeyType": "HASH"},
        {"AttributeName": "sequence_number", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(INDEXED)},
}
LIST_INDEXES: Any = [
    {
        "IndexName": index,
        "KeySchema": [
            {"AttributeName": hash_key, "KeyType": "HASH"},
            {"AttributeName": RANGE_KEY, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    for index, hash_key in HASH_KEYS.items()
]


def create_count_table(client: Any, name: str) -> None:
    """An empty table of counts, on moto."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "scope", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("scope", "name")],
        BillingMode="PAY_PER_REQUEST",
    )


class Pipeline:
    """The table and the queues of the handlers, empty at the start of each test."""

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb")
        self.sqs: Any = boto3.client("sqs")
        self.table = "taskline-test-tasks"
        self.dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("task_id", "failed_key", "sequence_number", *HASH_KEYS.values(), RANGE_KEY)
            ],
            GlobalSecondaryIndexes=[FAILED_INDEX, *LIST_INDEXES],
            BillingMode="PAY_PER_REQUEST",
        )
        self._changes = 0
        self.counts_table = "taskline-test-counts"
        create_count_table(self.dynamodb, self.counts_table)
        attributes = {
            "FifoQueue": "true",
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }
        self.dead_letters_url = self.sqs.create_queue(
            QueueName="taskline-test-dead-letters.fifo", Attributes=attributes
        )["QueueUrl"]
        self.queue_url = self.sqs.create_queue(QueueName="taskline-test-tasks.fifo", Attributes=attributes)["QueueUrl"]

    def post(self, body: Any, **changes: Any) -> ApiResponse:
        """POST /tasks."""
        response = ApiResponse.of(validator.handler(post(body, **changes), CONTEXT))
        assert_documented(response, "POST", "/tasks")
        return response

    def submit(self, event: dict[str, Any]) -> ApiResponse:
        """Send any event to the validator."""
        return ApiResponse.of(validator.handler(event, CONTEXT))

    def read(self, task_id: str) -> ApiResponse:
        """GET /tasks/{task_id}."""
        response = ApiResponse.of(reader.handler(get_task(task_id), CONTEXT))
        assert_documented(response, "GET", "/tasks/{task_id}")
        return response

    def page(self, **query: str) -> ApiResponse:
        """GET /tasks."""
        response = ApiResponse.of(reader.handler(get_tasks({name: [value] for name, value in query.items()}), CONTEXT))
        assert_documented(response, "GET", "/tasks")
        return response

    def cancel(self, task_id: str) -> ApiResponse:
        """DELETE /tasks/{task_id}."""
        response = ApiResponse.of(canceller.handler(delete_task(task_id), CONTEXT))
        assert_documented(response, "DELETE", "/tasks/{task_id}")
        return response

    def records(self) -> list[dict[str, Any]]:
        """All items of the table, as DynamoDB writes them."""
        return self.dynamodb.scan(TableName=self.table, ConsistentRead=True)["Items"]

    def put(self, item: dict[str, Any], *, counted: bool = True) -> None:
        """Put an item as the state machine would have left it, and count it as the stream would bring it."""
        before = self.dynamodb.put_item(TableName=self.table, Item=item, ReturnValues="ALL_OLD").get("Attributes")
        if counted:
            self.count(before, item)

    def count(self, before: Any, after: Any) -> None:
        """Have this change counted."""
        self._changes += 1
        images = {name: image for name, image in (("OldImage", before), ("NewImage", after)) if image}
        record = {"dynamodb": {"SequenceNumber": str(self._changes), **images}}
        counter.handler({"Records": [record], "shardId": "shard-0", "state": {}}, CONTEXT)

    def messages(self) -> list[dict[str, Any]]:
        """Take all messages from the queue."""
        return self._take(self.queue_url)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Take all messages from the dead-letter queue."""
        return self._take(self.dead_letters_url)

    def _take(self, url: str) -> list[dict[str, Any]]:
        taken: list[Any] = []
        while batch := self.sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in batch:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += batch
        return taken

    def assert_untouched(self) -> None:
        assert self.messages() == [], "a refused task must not be queued"
        assert self.records() == [], "a refused task must not be recorded"

    def clear(self) -> None:
        self.messages()
        for item in self.records():
            self.dynamodb.delete_item(TableName=self.table, Key={"task_id": item["task_id"]})
        for item in self.dynamodb.scan(TableName=self.counts_table)["Items"]:
            key = {name: item[name] for name in ("scope", "name")}
            self.dynamodb.delete_item(TableName=self.counts_table, Key=key)


@contextmanager
def a_new_pipeline() -> Generator[Pipeline]:
    """A separate table, queues and handlers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setattr(JSONFileLoader, "load_file", _load_once)
        with mock_aws():
            made = Pipeline()
            patch.setenv("TABLE_NAME", made.table)
            patch.setenv("QUEUE_URL", made.queue_url)
            patch.setenv("COUNTS_TABLE_NAME", made.counts_table)
            patch.setenv("COUNT_DELAY_SECONDS", "1")
            patch.setenv("TENANCY", "isolated")
            patch.setenv("DEFAULT_ORDERING", "one-key")
            patch.setenv("ID_SECRET", ID_SECRET)
            patch.setenv("DEAD_LETTER_QUEUE_URL", made.dead_letters_url)
            patch.setenv("RETENTION_SECONDS", str(FRESH_HOURS * 3600))
            patch.setenv("FRESH_SECONDS", str(FRESH_HOURS * 3600))
            _forget_clients()
            yield made
    _forget_clients()


@pytest.fixture
def own_pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """For a single test, because messages that are in flight after a test cannot be cleared."""
    monkeypatch.setattr(SQSDeadLetters, "wait_seconds", 0)
    with a_new_pipeline() as made:
        yield made


@pytest.fixture(scope="module")
def _aws() -> Iterator[Pipeline]:
    with a_new_pipeline() as made:
        yield made


@pytest.fixture
def pipeline(_aws: Pipeline) -> Iterator[Pipeline]:
    """POST and GET through the real handlers, against an empty table and an empty queue."""
    yield _aws
    _aws.clear()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The log lines of the test, as text."""
    import io

    from functions.telemetry.observability import logger

    text = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", text)
    yield text.getvalue
    logger.remove_keys(["task_id", "attempt", "type"])


def _forget_clients() -> None:
    for module in (validator, reader, canceller, redrive, processor, counter):
        module.build.cache_clear()


@pytest.fixture
def aws_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes boto3 clients for an empty AWS."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(JSONFileLoader, "load_file", _load_once)
    with mock_aws():
        yield boto3.client
