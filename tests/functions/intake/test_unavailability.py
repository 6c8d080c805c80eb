"""POST /tasks when table or queue fail, or in case of a bug: nothing is lost or half done."""

import json
from dataclasses import replace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from functions import reader, validator
from functions.adapters.clients import new_client
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.counting.summing import StoredCounts
from functions.tasks.errors import Unavailable
from functions.tasks.intake.submission import TaskQueue
from functions.tasks.model import Status
from functions.tasks.record import Record
from functions.tasks.tenancy import Tenancy
from tests.builders import a_task
from tests.functions.conftest import Pipeline
from tests.functions.fakes import FakeQueue, FakeStore, intake_ports
from tests.functions.support import CONTEXT, ApiResponse, get_task, get_tasks, post


class Submission:
    """The validator's handler around fakes that share one journal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.journal: list[str] = []
        self.store = FakeStore(self.journal)
        self.queue = FakeQueue(self.journal)
        self.ports = intake_ports(self.store, self.queue)
        monkeypatch.setattr(validator, "build", lambda: self.ports)
        reading = reader.Reader(
            records=self.store, index=self.store, counts=cast("StoredCounts", self.store), tenancy=Tenancy.ISOLATED
        )
        monkeypatch.setattr(reader, "build", lambda: reading)

    def post(self, body: Any) -> ApiResponse:
        return ApiResponse.of(validator.handler(post(body), CONTEXT))


@pytest.fixture
def submission(monkeypatch: pytest.MonkeyPatch) -> Submission:
    return Submission(monkeypatch)


def assert_unavailable(response: ApiResponse) -> None:
    assert response.status == 503, "table or queue do not respond: the client should try again"
    assert int(response.headers["Retry-After"]) >= 1, "the client learns when"


def test_the_record_is_written_before_the_message_is_sent(submission: Submission) -> None:
    submission.post(a_task())
    assert submission.journal == ["put", "send"], "nothing is processed that is not recorded"


def test_nothing_is_sent_when_the_record_cannot_be_written(submission: Submission) -> None:
    submission.store.failure = Unavailable("the task table did not respond")
    assert_unavailable(submission.post(a_task()))
    assert submission.journal == ["put"]
    assert submission.queue.sent == []


def test_the_record_stays_queued_when_the_message_cannot_be_sent(submission: Submission) -> None:
    submission.queue.failure = Unavailable("the task queue did not respond")
    assert_unavailable(submission.post(a_task()))
    (record,) = submission.store.records.values()
    assert record.status is Status.QUEUED, "a record that was never sent can be sent again"


def test_a_refused_task_touches_neither_table_nor_queue(submission: Submission) -> None:
    submission.post({})
    assert submission.journal == []


@pytest.mark.parametrize("part", ["store", "queue"])
def test_the_response_to_a_bug_has_no_details(submission: Submission, part: str, logged: Any) -> None:
    getattr(submission, part).failure = ZeroDivisionError("s3cret detail")
    response = submission.post(a_task())
    assert response.status == 500
    assert "s3cret" not in json.dumps(response.document), "internal details are not for clients"
    assert "ZeroDivisionError" in logged(), "the log has the cause"


def test_an_id_that_is_taken_is_a_bug_and_never_queued(submission: Submission, logged: Any) -> None:
    submission.ports = replace(submission.ports, new_id=lambda _: "0198c0de-0000-7000-8000-000000000001")
    assert submission.post(a_task(title="first")).status == 202
    assert submission.post(a_task(title="second")).status == 500
    assert "task id 0198c0de-0000-7000-8000-000000000001 was generated twice" in logged()
    assert [json.loads(message["body"])["title"] for message in submission.queue.sent] == ["first"]
    (record,) = submission.store.records.values()
    assert json.loads(record.body)["title"] == "first", "the first task's record is untouched"


@pytest.mark.parametrize("broken", [{}, {"resource": "/tasks"}, {"httpMethod": "POST", "resource": "/tasks"}])
def test_an_event_that_api_gateway_never_sends_is_a_bug_and_raises_nothing(broken: dict[str, Any]) -> None:
    assert ApiResponse.of(validator.handler(broken, CONTEXT)).status == 500


def test_the_reader_is_unavailable_with_its_table(submission: Submission) -> None:
    submission.store.failure = Unavailable("the task table did not respond")
    assert_unavailable(ApiResponse.of(reader.handler(get_task("some-task"), CONTEXT)))
    assert_unavailable(ApiResponse.of(reader.handler(get_tasks({}), CONTEXT)))


def test_a_table_that_is_not_there_is_unavailable(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, DynamoDBRecordStore("no-such-table"), SQSTaskQueue(pipeline.queue_url))
    assert_unavailable(pipeline.post(a_task()))
    assert pipeline.messages() == []


def test_a_queue_that_is_not_there_is_unavailable_and_the_record_stays_queued(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, DynamoDBRecordStore(pipeline.table), SQSTaskQueue(pipeline.queue_url + "x"))
    assert_unavailable(pipeline.post(a_task()))
    (record,) = pipeline.records()
    assert record["status"] == {"S": "queued"}


class Unreachable:
    """A boto3 client whose network fails."""

    exceptions = boto3.client("dynamodb", region_name="eu-west-1").exceptions

    def __init__(self, error: Exception) -> None:
        self._error = error

    def fail(self, **_: Any) -> Any:
        raise self._error

    put_item = get_item = send_message = fail


@pytest.mark.parametrize(
    "error",
    [EndpointConnectionError(endpoint_url="https://x"), ReadTimeoutError(endpoint_url="https://x")],
    ids=lambda error: type(error).__name__,
)
def test_a_network_that_fails_is_unavailable(error: Exception) -> None:
    client = cast("Any", Unreachable(error))
    store = DynamoDBRecordStore("tasks", client)
    with pytest.raises(Unavailable, match="task table"):
        store.put_new(a_record())
    with pytest.raises(Unavailable, match="task table"):
        store.get("some-task")
    with pytest.raises(Unavailable, match="task queue"):
        SQSTaskQueue("https://queue", client).send(body="{}", group="g", deduplication_id="d")


class LosesTheFirstReply:
    """A DynamoDB client whose first put is done, and whose reply is lost, so that the SDK puts again."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self.get_item = client.get_item

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)


def test_a_put_whose_reply_was_lost_is_not_a_duplicate(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    client = cast("Any", LosesTheFirstReply(pipeline.dynamodb))
    use(monkeypatch, DynamoDBRecordStore(pipeline.table, client), SQSTaskQueue(pipeline.queue_url))
    response = pipeline.post(a_task(due_date="2026-12-31", data={"a": [None]}, type="demo.echo"))
    assert response.status == 202, "the record is ours: our own first put made the condition fail"
    assert len(pipeline.messages()) == 1, "and the task is queued, once"


def test_a_record_of_the_same_id_that_is_not_ours_is_left_alone(pipeline: Pipeline) -> None:
    store = DynamoDBRecordStore(pipeline.table, cast("Any", pipeline.dynamodb))
    first = a_record(body='{"n":1}')
    assert store.put_new(first) == first
    assert store.put_new(a_record(body='{"n":2}')) == first, "an existing id keeps its record"
    assert pipeline.records()[0]["body"] == {"S": '{"n":1}'}


def test_the_failure_of_reading_back_is_unavailable_too(pipeline: Pipeline) -> None:
    class LosesReads(LosesTheFirstReply):
        def __init__(self, client: Any) -> None:
            super().__init__(client)
            self.get_item = Unreachable(EndpointConnectionError(endpoint_url="https://x")).get_item

    with pytest.raises(Unavailable):
        DynamoDBRecordStore(pipeline.table, cast("Any", LosesReads(pipeline.dynamodb))).put_new(a_record())


def test_the_clients_give_up_before_the_gateway_does(pipeline: Pipeline) -> None:
    """Put and send, each with all its attempts timing out and a second for each pause in between."""
    for client in (new_client("dynamodb"), new_client("sqs")):
        config = cast("Any", client.meta.config)
        assert config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout) + 2 <= 29 / 2


def use(monkeypatch: pytest.MonkeyPatch, records: DynamoDBRecordStore, queue: TaskQueue) -> None:
    built = intake_ports(records, queue)
    monkeypatch.setattr(validator, "build", lambda: built)


def a_record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "task_id": "some-task",
        "status": Status.QUEUED,
        "ordering_key": "acme",
        "type": "default",
        "priority": "low",
        "created_at": "2026-01-31T12:00:00.000Z",
        "body": "{}",
        "history": ({"status": "queued", "at": "2026-01-31T12:00:00.000Z"},),
    }
    return Record(**values | changes)
