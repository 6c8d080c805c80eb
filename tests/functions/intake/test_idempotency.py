"""POST /tasks with an Idempotency-Key: sent again, it counts once, and says what became of it."""

import json
import uuid
from typing import Any

import pytest

from functions import reader, validator
from functions.tasks.intake.idempotency import IdempotencyKey
from tests.builders import a_task, an_item
from tests.functions.conftest import Pipeline
from tests.functions.fakes import FakeQueue, FakeStore, intake_ports
from tests.functions.support import CONTEXT, Answer, event, from_caller, post, post_batch

KEY = {"Idempotency-Key": "order-4711"}
REPLAYED = "Idempotent-Replayed"


def keyed(pipeline: Pipeline, body: Any = None, key: str = "order-4711", caller: str | None = None) -> Answer:
    """POST /tasks with a key."""
    body = a_task() if body is None else body
    return pipeline.submit(from_caller(post(body, headers={"Idempotency-Key": key}), caller))


def assert_reused(answer: Answer) -> None:
    assert answer.status == 422, "a key that was used for another request is refused"
    assert answer.document["title"] == "Idempotency key reused"
    assert answer.document["detail"] == (
        "This idempotency key was already used with a different payload. Use a new key for a new request."
    )
    assert answer.document["errors"] == [{"field": "Idempotency-Key", "message": "was used for a different request"}]
    assert "Retry-After" not in answer.headers, "trying again does not help"


def test_the_first_request_is_accepted_as_any_other(pipeline: Pipeline) -> None:
    answer = keyed(pipeline)
    assert answer.status == 202
    assert REPLAYED not in answer.headers, "nothing was there before"
    assert answer.headers["Location"] == f"/v1/tasks/{answer.document['task_id']}"
    assert len(pipeline.records()) == len(pipeline.messages()) == 1


def test_the_same_request_again_is_answered_with_the_original_task(pipeline: Pipeline) -> None:
    first, second = keyed(pipeline), keyed(pipeline)
    assert second.status == 202
    assert second.headers[REPLAYED] == "true"
    assert second.document == first.document, "the original, not a new task"
    assert second.headers["Location"] == first.headers["Location"]
    assert len(pipeline.records()) == len(pipeline.messages()) == 1


def test_a_replay_tells_what_has_become_of_the_task(pipeline: Pipeline) -> None:
    first = keyed(pipeline).document
    (record,) = pipeline.records()
    pipeline.messages()
    done = an_item("queued", "processing", "succeeded", result={"S": "7"})
    pipeline.put(done | {name: record[name] for name in ("task_id", "body", "request_hash", "created_at")})
    again = keyed(pipeline)
    assert (again.status, again.document["task_id"]) == (202, first["task_id"])
    assert (again.document["status"], again.document["result"]) == ("succeeded", 7)
    assert pipeline.messages() == [], "what was worked on needs no message"


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


def test_each_caller_has_keys_of_its_own(pipeline: Pipeline) -> None:
    answers = [keyed(pipeline, a_task(title=str(caller)), caller=caller) for caller in (None, "a1b2c3", "d4e5f6")]
    assert [answer.status for answer in answers] == [202] * 3
    assert len({answer.document["task_id"] for answer in answers}) == 3
    assert_reused(keyed(pipeline, a_task(title="another"), caller="a1b2c3"))


def test_caller_and_key_cannot_be_put_together_to_look_like_others() -> None:
    pairs = [(None, "x"), ("", "x"), ("null", "x"), ("x", ""), ('a","b', "c"), ("a", 'b","c'), ("a", "b"), ("ab", "")]
    ids = {IdempotencyKey(caller=caller, text=text).task_id(n) for caller, text in pairs for n in range(3)}
    assert len(ids) == 3 * len(pairs)
    assert {uuid.UUID(one).version for one in ids} == {5}


def test_a_key_makes_the_same_id_for_ever() -> None:
    assert IdempotencyKey(caller=None, text="order-4711").task_id() == "cac43643-b375-5d6b-9eac-9df180b62f8f"
    assert IdempotencyKey(caller="a1b2c3", text="order-4711").task_id(3) == "a0beb8e7-9268-5fa2-8196-13f8fb6899da"


def test_a_request_has_the_same_hash_for_ever(pipeline: Pipeline) -> None:
    """With another one, a request that is sent again across a deployment would be refused."""
    keyed(pipeline, a_task(type="demo.echo", data={"b": 2, "a": [1.5, None, "ü"]}))
    (record,) = pipeline.records()
    assert record["request_hash"] == {"S": "bc10c26aad78417e28206c0b3a68511ce9648ca87d4813ef23d934fd9a7592e4"}


def test_a_record_without_a_key_holds_no_hash_and_one_with_a_key_does(pipeline: Pipeline) -> None:
    keyed(pipeline)
    pipeline.post(a_task())
    hashes = [record.get("request_hash", {"S": ""})["S"] for record in pipeline.records()]
    assert sorted(map(len, hashes)) == [0, 64]


@pytest.mark.parametrize("key", ["k", "k" * 255, " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a b", '"quoted"'])
def test_any_printable_key_is_taken(pipeline: Pipeline, key: str) -> None:
    assert keyed(pipeline, key=key).status == 202


def test_white_space_around_a_key_is_not_part_of_it(pipeline: Pipeline) -> None:
    assert keyed(pipeline, key="\t order-4711 ").document == keyed(pipeline).document


def test_only_white_space_is_taken_off_a_key(pipeline: Pipeline) -> None:
    answers = [keyed(pipeline, a_task(title=key), key=key) for key in ("XkX", "kX", "Xk", "k")]
    assert [answer.status for answer in answers] == [202] * 4
    assert len({answer.document["task_id"] for answer in answers}) == 4, "each key is a key of its own"


@pytest.mark.parametrize(
    "key", ["", "  ", "k" * 256, "a\tb", "a\nb", "clé", "\x00", "a\x7f", "\nk", "k\x0b", "\u00a0k"]
)
def test_a_key_that_is_none_is_refused(pipeline: Pipeline, key: str) -> None:
    answer = keyed(pipeline, key=key)
    assert (answer.status, answer.document["title"]) == (400, "Invalid idempotency key")
    rule = "must be 1 to 255 printable ASCII characters"
    assert answer.document["detail"] == f"The header Idempotency-Key {rule}."
    assert answer.document["errors"] == [{"field": "Idempotency-Key", "message": rule}]
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
    answer = pipeline.submit(given)
    assert (answer.status, answer.fields) == (400, {"Idempotency-Key"})
    assert answer.message("Idempotency-Key") == "is sent more than once"
    pipeline.assert_untouched()


def test_the_headers_name_is_taken_in_any_case(pipeline: Pipeline) -> None:
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

    def post(self, **changes: Any) -> Answer:
        return Answer.of(validator.handler(post(a_task(**changes), headers=KEY), CONTEXT))


@pytest.fixture
def submission(monkeypatch: pytest.MonkeyPatch) -> Submission:
    return Submission(monkeypatch)


def test_a_retry_after_a_failed_send_sends_the_kept_message(submission: Submission) -> None:
    submission.queue.refuses = lambda _: True
    assert submission.post().status == 503
    (record,) = submission.store.records.values()
    submission.queue.refuses = lambda _: False
    answer = submission.post()
    assert answer.status == 202
    assert submission.queue.sent == [
        {"body": record.body, "group": record.ordering_key, "deduplication_id": record.task_id}
    ], "the message that the record holds, under the task's id"


def test_a_process_that_dies_between_put_and_send_leaves_a_task_that_a_retry_sends(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """As when the execution environment is gone."""

    def die(**_: str) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(submission.queue, "send", die)
        with pytest.raises(Died):
            submission.post()
    assert submission.post().status == 202
    assert len(submission.store.records) == len(submission.queue.sent) == 1


def test_a_replay_whose_message_cannot_be_sent_is_unavailable(submission: Submission) -> None:
    submission.post()
    submission.queue.refuses = lambda _: True
    answer = submission.post()
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_replay_when_the_table_does_not_answer_is_unavailable(submission: Submission) -> None:
    submission.post()
    submission.store.refuses = lambda _: True
    assert submission.post().status == 503


def test_a_task_that_was_put_back_is_left_to_its_redrive(submission: Submission) -> None:
    """Its record accepts no other message than that of the redrive."""
    import dataclasses

    submission.post()
    (task_id, record) = next(iter(submission.store.records.items()))
    submission.store.records[task_id] = dataclasses.replace(record, redrives=1)
    assert submission.post().headers[REPLAYED] == "true"
    assert len(submission.queue.sent) == 1


class LosesTheFirstReply:
    """A DynamoDB client whose first put is done, and whose reply is lost, so that the SDK puts once more."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self.get_item = client.get_item

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)


def test_our_own_put_tried_again_is_no_replay(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.adapters.queue import SQSTaskQueue
    from functions.adapters.task_table.records import DynamoDBRecordStore

    store = DynamoDBRecordStore(pipeline.table, LosesTheFirstReply(pipeline.dynamodb))  # type: ignore[arg-type]
    built = intake_ports(store, SQSTaskQueue(pipeline.queue_url))
    monkeypatch.setattr(validator, "build", lambda: built)
    answer = keyed(pipeline)
    assert answer.status == 202
    assert REPLAYED not in answer.headers
    assert len(pipeline.messages()) == 1


def test_a_record_that_expires_while_it_is_looked_at_is_tried_again(
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
