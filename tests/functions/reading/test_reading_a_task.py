"""GET /tasks/{task_id}: the record that the state machine leaves, as a client sees it."""

import json
from typing import Any, cast
from urllib.parse import quote

import pytest

from functions import reader
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.document.models import TaskView
from functions.tasks.tenancy import Tenancy
from tests.builders import A_FAILURE, TASK_ID, TIMES, a_message, a_task, an_item
from tests.functions.conftest import Pipeline
from tests.functions.document.documented import SCHEMAS
from tests.functions.support import CONTEXT, ApiResponse, event, get_task


def test_a_task_that_was_accepted_can_be_read_immediately(pipeline: Pipeline) -> None:
    accepted = pipeline.post(a_task(due_date="2026-12-31", type="demo.echo", data={"a": None}))
    read = pipeline.read(accepted.document["task_id"])
    assert read.status == 200
    assert read.document == accepted.document, "reading shows what submitting returned"


def test_a_queued_task(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued"))
    assert pipeline.read(TASK_ID).document == a_task(
        task_id=TASK_ID,
        ordering_key="task-processing",
        status="queued",
        attempts=0,
        created_at=TIMES[0],
        history=[{"status": "queued", "at": TIMES[0]}],
        links={
            "self": f"/v1/tasks/{TASK_ID}",
            "same_key": "/v1/tasks?ordering_key=task-processing",
            "cancel": f"/v1/tasks/{TASK_ID}",
        },
    ), "fields without a value are omitted"


def test_a_task_that_is_being_processed(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", "processing"))
    document = pipeline.read(TASK_ID).document
    assert (document["status"], document["attempts"], document["started_at"]) == ("processing", 1, TIMES[1])
    assert document.keys().isdisjoint({"finished_at", "result", "error"})


@pytest.mark.parametrize("result", [{"n": 1}, [], "text", 0, False, None, {"a": {"b": [None, "ü"]}}])
def test_a_task_that_succeeded_shows_its_result(pipeline: Pipeline, result: Any) -> None:
    pipeline.put(an_item("queued", "processing", "succeeded", result={"S": json.dumps(result)}))
    document = pipeline.read(TASK_ID).document
    assert (document["status"], document["finished_at"]) == ("succeeded", TIMES[2])
    assert "result" in document, "a result of null is a result"
    assert document["result"] == result
    assert "error" not in document


def test_each_step_names_the_execution_that_made_it(pipeline: Pipeline) -> None:
    first, second = "arn:aws:states:here:1:express:machine:a:1", "arn:aws:states:here:1:express:machine:b:2"
    steps: list[dict[str, Any]] = [
        {"status": {"S": "queued"}},
        {"status": {"S": "processing"}, "execution": {"S": first}},
        {"status": {"S": "processing"}, "attempt": {"N": "1"}},
        {"status": {"S": "failed"}},
        {"status": {"S": "queued"}},
        {"status": {"S": "processing"}, "execution": {"S": second}},
        {"status": {"S": "queued"}, "execution": {"S": second}},
        {"status": {"S": "cancelled"}},
    ]
    history = {"L": [{"M": {**step, "at": {"S": TIMES[0]}}} for step in steps]}
    pipeline.put({**an_item("queued"), "history": history})

    shown = pipeline.read(TASK_ID).document["history"]

    named = [step.get("execution") for step in shown]
    assert named == [None, first, first, first, None, second, second, None], "redrive and cancellation have none"
    TaskView.model_validate_json(json.dumps(pipeline.read(TASK_ID).document))


def test_a_claim_from_before_executions_were_named_has_none(pipeline: Pipeline) -> None:
    history = [{"status": {"S": name}, "at": {"S": TIMES[0]}} for name in ("queued", "processing", "processing")]
    history[1]["execution"] = {"S": "arn:aws:states:here:1:express:machine:a:1"}
    pipeline.put({**an_item("queued", "processing"), "history": {"L": [{"M": step} for step in history]}})
    assert [step.get("execution") for step in pipeline.read(TASK_ID).document["history"]][2] is None


def test_a_task_that_failed_shows_its_error(pipeline: Pipeline) -> None:
    error = {"class": "NETWORK", "type": "TaskNetworkError", "message": "no route"}
    pipeline.put(an_item("queued", "processing", "failed", error={"M": {k: {"S": v} for k, v in error.items()}}))
    document = pipeline.read(TASK_ID).document
    assert (document["status"], document["error"]) == ("failed", error)
    assert "result" not in document


def test_the_history_is_in_order_and_complete(pipeline: Pipeline) -> None:
    statuses = ["queued", "processing", "queued", "processing"]
    pipeline.put(an_item(*statuses))
    document = pipeline.read(TASK_ID).document
    assert document["history"] == [{"status": s, "at": at} for s, at in zip(statuses, TIMES, strict=True)]
    assert document["attempts"] == 2


def test_failed_runs_are_in_the_history_where_they_happened(pipeline: Pipeline) -> None:
    item = an_item("queued", "processing", "succeeded", result={"S": "1"})
    error = {"class": {"S": "NETWORK"}, "type": {"S": "Timeout"}, "message": {"S": "password=hunter2 was refused"}}
    run = {
        "status": {"S": "processing"},
        "at": {"S": TIMES[2]},
        "attempt": {"N": "1"},
        "started_at": {"S": TIMES[1]},
        "retry_in": {"N": "0.75"},
        "error": {"M": error},
    }
    item["history"]["L"].insert(2, {"M": run})
    pipeline.put(item)
    history = pipeline.read(TASK_ID).document["history"]
    assert [entry["status"] for entry in history] == ["queued", "processing", "processing", "succeeded"]
    assert history[2] == {
        "status": "processing",
        "at": TIMES[2],
        "attempt": 1,
        "started_at": TIMES[1],
        "retry_in": 0.75,
        "error": {"class": "NETWORK", "type": "Timeout", "message": "password=[secret] was refused"},
    }
    assert SCHEMAS.errors({"$ref": "#/components/schemas/HistoryEntry"}, history[2]) == []


@pytest.mark.parametrize("task_id", ["a/b", "50%", "ü?#", "a%2Fb"])
def test_a_link_leads_to_its_task_whatever_its_id_is(pipeline: Pipeline, task_id: str) -> None:
    """REST APIs pass path parameters as they were sent; a producer that bypasses the API chooses its own ids."""
    pipeline.put(an_item("queued", task_id={"S": task_id}))
    document = pipeline.read(quote(task_id, safe="")).document
    assert (document["task_id"], document["links"]["self"]) == (task_id, f"/v1/tasks/{quote(task_id, safe='')}")


def test_links_show_what_can_be_done_next(pipeline: Pipeline) -> None:
    key = {"ordering_key": {"S": "a/b&c=d"}}
    pipeline.put(an_item("queued", "processing", "failed", **A_FAILURE, **key))
    assert pipeline.read(TASK_ID).document["links"] == {
        "self": f"/v1/tasks/{TASK_ID}",
        "same_key": "/v1/tasks?ordering_key=a%2Fb%26c%3Dd",
        "redrive": f"/v1/tasks/{TASK_ID}/redrive",
    }
    pipeline.put(an_item("queued", "processing", **key))
    assert pipeline.read(TASK_ID).document["links"].keys() == {"self", "same_key"}


def test_nothing_of_the_lease_is_shown(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", "processing"))
    assert pipeline.read(TASK_ID).document.keys().isdisjoint({"lease_owner", "lease_until", "expires_at", "body"})


def test_the_record_wins_over_the_body(pipeline: Pipeline) -> None:
    """A producer that sends to the queue directly may write anything into its message."""
    misleading = a_message(
        task_id=TASK_ID, status="succeeded", attempts=99, history=[], ordering_key="other", error={"a": 1}
    )
    pipeline.put(an_item("queued", "processing", body={"S": misleading}))
    document = pipeline.read(TASK_ID).document
    assert (document["status"], document["attempts"], document["ordering_key"]) == ("processing", 1, "task-processing")
    assert len(document["history"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps({"task_id": TASK_ID}), id="nothing but an id"),
        pytest.param(json.dumps([{"task_id": TASK_ID}]), id="an array: JSONata finds the id in it"),
        pytest.param(f'{{"task_id": "{TASK_ID}", "title": "\\ud800"}}', id="an unpaired surrogate"),
        pytest.param(f'{{"task_id": "{TASK_ID}", "n": NaN}}', id="an invalid number"),
        pytest.param(f'{{"task_id": "{TASK_ID}", "n": {"9" * 5000}}}', id="an integer of 5000 digits"),
        pytest.param(f'{{"task_id": "{TASK_ID}", "n": {"[" * 900 + "]" * 900}}}', id="nested 900 levels deep"),
        pytest.param(f'{{"task_id": "{TASK_ID}", "n": {"[" * 90_000 + "]" * 90_000}}}', id="nested 90000 levels deep"),
    ],
)
def test_a_task_with_a_bad_body_that_bypassed_the_validator_can_be_read(pipeline: Pipeline, body: str) -> None:
    """The state machine claims every message with a task id in it, and records its failure."""
    error = {"class": "VALIDATION", "type": "InvalidMessage", "message": "title is required"}
    item = an_item("queued", "processing", "failed", error={"M": {k: {"S": v} for k, v in error.items()}})
    pipeline.put(item | {"body": {"S": body}})
    response = ApiResponse.of(
        reader.handler(get_task(TASK_ID), CONTEXT)
    )  # an unvalidated task may lack documented fields
    assert response.status == 200, "clients can see what happened to any task"
    assert (response.document["task_id"], response.document["error"]) == (TASK_ID, error)


def test_a_task_that_is_not_there_is_not_found(pipeline: Pipeline) -> None:
    response = pipeline.read("no-such-task")
    assert response.status == 404
    assert "no-such-task" in response.document["detail"]
    assert response.document["instance"] == "/v1/tasks/no-such-task"


@pytest.mark.parametrize("task_id", ["ü", "\u2028", "'; drop table", "%2e%2e", " ", "\x00", "<b>"])
def test_a_strange_id_is_not_found(pipeline: Pipeline, task_id: str) -> None:
    assert pipeline.read(task_id).status == 404


def test_a_task_is_read_strongly_consistent() -> None:
    """After a 202, a client finds its task."""
    requests: list[dict[str, Any]] = []

    class Recording:
        def get_item(self, **request: Any) -> dict[str, Any]:
            requests.append(request)
            return {}

    assert DynamoDBRecordStore("tasks", cast("Any", Recording())).get("some-task") is None
    assert requests == [{"TableName": "tasks", "Key": {"task_id": {"S": "some-task"}}, "ConsistentRead": True}]


def test_an_id_of_128_characters_is_looked_up(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", task_id={"S": "x" * 128}))
    assert pipeline.read("x" * 128).status == 200


def test_an_id_of_129_characters_is_not_found_without_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    never_queried: Any = FakeStoreThatIsNeverQueried()
    ports = reader.Reader(records=never_queried, index=never_queried, counts=never_queried, tenancy=Tenancy.ISOLATED)
    monkeypatch.setattr(reader, "build", lambda: ports)
    response = ApiResponse.of(reader.handler(event("get_task.json", pathParameters={"task_id": "x" * 129}), CONTEXT))
    assert response.status == 404


class FakeStoreThatIsNeverQueried:
    def get(self, task_id: str) -> None:
        pytest.fail("the table is not queried for an id that cannot exist")


@pytest.mark.parametrize(
    "item",
    [
        an_item("queued"),
        an_item("queued", "processing"),
        an_item("queued", "processing", "succeeded", result={"S": '{"n": [1]}'}),
        an_item("queued", "processing", "succeeded", result={"S": "null"}),
        an_item("queued", "processing", "failed", **A_FAILURE),
    ],
    ids=lambda item: item["status"]["S"],
)
def test_the_documented_model_describes_what_is_read(pipeline: Pipeline, item: dict[str, Any]) -> None:
    pipeline.put(item)
    document = pipeline.read(TASK_ID).document
    seen = TaskView.model_validate_json(json.dumps(document))
    assert seen.model_dump(mode="json", by_alias=True, exclude_unset=True) == document
