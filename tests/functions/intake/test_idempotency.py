"""POST /tasks with an Idempotency-Key: repeated, it takes effect once, and returns the task's outcome."""

import json
import uuid
from typing import Any

import pytest

from functions import reader, validator
from functions.tasks.intake.idempotency import IdempotencyKey
from tests.builders import a_task, an_item
from tests.functions.conftest import ID_SECRET, Pipeline
from tests.functions.fakes import FakeQueue, FakeStore, intake_ports
from tests.functions.support import CONTEXT, ApiResponse, event, from_caller, post, post_batch

KEY = {"Idempotency-Key": "order-4711"}
REPLAYED = "Idempotent-Replayed"


def keyed(pipeline: Pipeline, body: Any = None, key: str = "order-4711", caller: str | None = None) -> ApiResponse:
    """POST /tasks with a key."""
    body = a_task() if body is None else body
    return pipeline.submit(from_caller(post(body, headers={"Idempotency-Key": key}), caller))


def assert_reused(response: ApiResponse) -> None:
    assert response.status == 422, "a key that was used for another request is refused"
    assert response.document["title"] == "Idempotency key reused"
    assert response.document["detail"] == (
        "This idempotency key was already used with a different payload. Use a new key for a new request."
    )
    assert response.document["errors"] == [{"field": "Idempotency-Key", "message": "was used for a different request"}]
    assert "Retry-After" not in response.headers, "trying again does not help"


def test_the_first_request_is_accepted_like_any_other(pipeline: Pipeline) -> None:
    response = keyed(pipeline)
    assert response.status == 202
    assert REPLAYED not in response.headers, "it is the first request"
    assert response.headers["Location"] == f"/v1/tasks/{response.document['task_id']}"
    assert len(pipeline.records()) == len(pipeline.messages()) == 1


def test_the_same_request_again_returns_the_original_task(pipeline: Pipeline) -> None:
    first, second = keyed(pipeline), keyed(pipeline)
    assert second.status == 202
    assert second.headers[REPLAYED] == "true"
    assert second.document == first.document, "the original, not a new task"
    assert second.headers["Location"] == first.headers["Location"]
    assert len(pipeline.records()) == len(pipeline.messages()) == 1


def test_a_replay_shows_the_outcome_of_the_task(pipeline: Pipeline) -> None:
    first = keyed(pipeline).document
    (record,) = pipeline.records()
    pipeline.messages()
    done = an_item("queued", "processing", "succeeded", result={"S": "7"})
    pipeline.put(done | {name: record[name] for name in ("task_id", "body", "request_hash", "created_at")})
    again = keyed(pipeline)
    assert (again.status, again.document["task_id"]) == (202, first["task_id"])
    assert (again.document["status"], again.document["result"]) == ("succeeded", 7)
    assert pipeline.messages() == [], "a processed task needs no message"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(a_task(), indent=3) + "\n",
        json.dumps(dict(reversed(a_task().items()))),
        json.dumps(a_task(priority=" HIGH ", title=" Send the invoice")),
        json.dumps(a_task(ordering_key="task-processing", type="default", data={}, due_date=None)),
    ],
    ids=["white space", "order of names", "trimmed", "defaults"],
)
def test_a_request_is_the_same_when_it_means_the_same(pipeline: Pipeline, text: str) -> None:
    first = keyed(pipeline)
    assert keyed(pipeline, text).document == first.document


@pytest.mark.parametrize(
    "changes",
    [{"title": "another"}, {"ordering_key": "other"}, {"due_date": "2026-12-31"}, {"data": {"a": 1}}],
)
def test_a_key_with_another_payload_is_refused_and_changes_nothing(
    pipeline: Pipeline, changes: dict[str, Any]
) -> None:
    keyed(pipeline)
    before = pipeline.records()
    pipeline.messages()
    assert_reused(keyed(pipeline, a_task(**changes)))
    assert pipeline.records() == before
    assert pipeline.messages() == []


def test_an_invalid_task_does_not_use_its_key_up(pipeline: Pipeline) -> None:
    assert keyed(pipeline, a_task(title="")).status == 400
    assert keyed(pipeline).status == 202


def test_each_caller_has_its_own_keys(pipeline: Pipeline) -> None:
    responses = [keyed(pipeline, a_task(title=str(caller)), caller=caller) for caller in (None, "a1b2c3", "d4e5f6")]
    assert [response.status for response in responses] == [202] * 3
    assert len({response.document["task_id"] for response in responses}) == 3
    assert_reused(keyed(pipeline, a_task(title="another"), caller="a1b2c3"))


def test_no_two_pairs_of_caller_and_key_look_alike() -> None:
    pairs = [(None, "x"), ("", "x"), ("null", "x"), ("x", ""), ('a","b', "c"), ("a", 'b","c'), ("a", "b"), ("ab", "")]
    ids = {a_key(caller, text).task_id(n) for caller, text in pairs for n in range(3)}
    assert len(ids) == 3 * len(pairs)
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in ids} == {(8, uuid.RFC_4122)}


def a_key(caller: str | None, text: str = "order-4711", secret: bytes = b"a secret") -> IdempotencyKey:
    return IdempotencyKey(caller=caller, text=text, secret=secret)


def test_a_key_always_makes_the_same_id() -> None:
    assert a_key(None).task_id() == "a0666957-9109-80f4-b8e4-08d516375684"
    assert a_key("key:a1b2c3").task_id(3) == "25619289-cec1-8dbb-b2ed-d4f6e2020411"


def test_no_one_without_the_secret_can_compute_an_id(pipeline: Pipeline) -> None:
    task_id = keyed(pipeline, caller="a1b2c3").document["task_id"]
    assert task_id == a_key("key:a1b2c3", secret=ID_SECRET.encode()).task_id()
    assert task_id != a_key("key:a1b2c3", secret=b"a guess").task_id()


def test_the_secret_is_not_shown(pipeline: Pipeline) -> None:
    """A traceback with local variables would hold it."""
    assert "a secret" not in repr(a_key(None))
    assert ID_SECRET not in repr(validator.build())


def test_a_request_always_has_the_same_hash(pipeline: Pipeline) -> None:
    """With another one, a request that is repeated across a deployment would be refused."""
    keyed(pipeline, a_task(type="demo.echo", data={"b": 2, "a": [1.5, None, "ü"]}))
    (record,) = pipeline.records()
    assert record["request_hash"] == {"S": "bc10c26aad78417e28206c0b3a68511ce9648ca87d4813ef23d934fd9a7592e4"}


def test_a_record_without_a_key_holds_no_hash_and_one_with_a_key_does(pipeline: Pipeline) -> None:
    keyed(pipeline)
    pipeline.post(a_task())
    hashes = [record.get("request_hash", {"S": ""})["S"] for record in pipeline.records()]
    assert sorted(map(len, hashes)) == [0, 64]


@pytest.mark.parametrize("key", ["k", "k" * 255, " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a b", '"quoted"'])
def test_any_printable_key_is_accepted(pipeline: Pipeline, key: str) -> None:
    assert keyed(pipeline, key=key).status == 202


def test_white_space_around_a_key_is_not_part_of_it(pipeline: Pipeline) -> None:
    assert keyed(pipeline, key="\t order-4711 ").document == keyed(pipeline).document


def test_only_white_space_is_trimmed_from_a_key(pipeline: Pipeline) -> None:
    responses = [keyed(pipeline, a_task(title=key), key=key) for key in ("XkX", "kX", "Xk", "k")]
    assert [response.status for response in responses] == [202] * 4
    assert len({response.document["task_id"] for response in responses}) == 4, "each is a different key"


@pytest.mark.parametrize(
    "key", ["", "  ", "k" * 256, "a\tb", "a\nb", "clé", "\x00", "a\x7f", "\nk", "k\x0b", "\u00a0k"]
)
def test_an_invalid_key_is_refused(pipeline: Pipeline, key: str) -> None:
    response = keyed(pipeline, key=key)
    assert (response.status, response.document["title"]) == (400, "Invalid idempotency key")
    rule = "must be 1 to 255 printable ASCII characters"
    assert response.document["detail"] == f"The header Idempotency-Key {rule}."
    assert response.document["errors"] == [{"field": "Idempotency-Key", "message": rule}]
    pipeline.assert_untouched()


@pytest.mark.parametrize(
    "sent",
    [
        {"Idempotency-Key": ["a", "b"]},
        {"Idempotency-Key": ["a", "a"]},
        {"Idempotency-Key": ["a"], "idempotency-key": ["b"]},
    ],
)
def test_a_key_that_is_sent_twice_is_refused(pipeline: Pipeline, sent: dict[str, list[str]]) -> None:
    given = event("post_task.json", headers={"Idempotency-Key": "b"})
    given["multiValueHeaders"] |= sent
    response = pipeline.submit(given)
    assert (response.status, response.fields) == (400, {"Idempotency-Key"})
    assert response.message("Idempotency-Key") == "is sent more than once"
    pipeline.assert_untouched()


def test_the_headers_name_is_accepted_in_any_case(pipeline: Pipeline) -> None:
    given = event("post_task.json", headers={"idempotency-KEY": "order-4711"})
    given["multiValueHeaders"]["idempotency-KEY"] = ["order-4711"]
    assert pipeline.submit(given).document["task_id"] == keyed(pipeline).document["task_id"]


def test_a_replay_is_counted_as_such(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    keyed(pipeline)
    keyed(pipeline)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    named = [name for metric in metrics for name in ("TasksAccepted", "TasksReplayed") if name in metric]
    assert named == ["TasksAccepted", "TasksReplayed"]


class Submission:
    """The validator's handler around fakes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.journal: list[str] = []
        self.store = FakeStore(self.journal)
        self.queue = FakeQueue(self.journal)
        built = intake_ports(self.store, self.queue)
        monkeypatch.setattr(validator, "build", lambda: built)
        monkeypatch.setattr(reader, "build", lambda: self.store)

    def post(self, **changes: Any) -> ApiResponse:
        return ApiResponse.of(validator.handler(post(a_task(**changes), headers=KEY), CONTEXT))


@pytest.fixture
def submission(monkeypatch: pytest.MonkeyPatch) -> Submission:
    return Submission(monkeypatch)


def test_a_retry_after_a_failed_send_sends_the_recorded_message(submission: Submission) -> None:
    submission.queue.refuses = lambda _: True
    assert submission.post().status == 503
    (record,) = submission.store.records.values()
    submission.queue.refuses = lambda _: False
    response = submission.post()
    assert response.status == 202
    assert submission.queue.sent == [
        {"body": record.body, "group": record.ordering_key, "deduplication_id": record.task_id}
    ], "the message that the record holds, under the task's id"


def test_a_task_whose_process_crashed_between_put_and_send_is_sent_by_a_retry(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crashed(BaseException):
        """The execution environment is gone."""

    def crash(**_: str) -> None:
        raise Crashed

    with monkeypatch.context() as patch:
        patch.setattr(submission.queue, "send", crash)
        with pytest.raises(Crashed):
            submission.post()
    assert submission.post().status == 202
    assert len(submission.store.records) == len(submission.queue.sent) == 1


def test_a_replay_whose_message_cannot_be_sent_is_unavailable(submission: Submission) -> None:
    submission.post()
    submission.queue.refuses = lambda _: True
    response = submission.post()
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1


def test_a_replay_is_unavailable_when_the_table_does_not_respond(submission: Submission) -> None:
    submission.post()
    submission.store.refuses = lambda _: True
    assert submission.post().status == 503


def test_a_redriven_task_is_left_to_its_redrive(submission: Submission) -> None:
    """Its record accepts only the message of the redrive."""

    submission.post()
    (task_id, record) = next(iter(submission.store.records.items()))
    submission.store.records[task_id] = record._replace(redrives=1)
    assert submission.post().headers[REPLAYED] == "true"
    assert len(submission.queue.sent) == 1


class LosesTheFirstReply:
    """A DynamoDB client whose first put is done, and whose reply is lost, so that the SDK puts again."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self.get_item = client.get_item

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)


def test_a_retry_of_our_own_put_is_not_a_replay(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.adapters.queue import SQSTaskQueue
    from functions.adapters.task_table.records import DynamoDBRecordStore

    store = DynamoDBRecordStore(pipeline.table, LosesTheFirstReply(pipeline.dynamodb))  # type: ignore[arg-type]
    built = intake_ports(store, SQSTaskQueue(pipeline.queue_url))
    monkeypatch.setattr(validator, "build", lambda: built)
    response = keyed(pipeline)
    assert response.status == 202
    assert REPLAYED not in response.headers
    assert len(pipeline.messages()) == 1


def test_a_record_that_expires_before_it_is_read_back_is_unavailable(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.adapters.task_table.records import DynamoDBRecordStore

    keyed(pipeline)
    monkeypatch.setattr(DynamoDBRecordStore, "get", lambda *_: None)
    assert keyed(pipeline).status == 503


def test_the_same_key_for_a_batch_is_another_request(pipeline: Pipeline) -> None:
    keyed(pipeline)
    assert_reused(pipeline.submit(post_batch([a_task()], headers=KEY)))
    assert len(pipeline.records()) == 1
