"""POST /tasks, accepted: what is returned, what is recorded and what is queued."""

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from functions import validator
from functions.adapters.task_table.indexes import list_keys
from functions.tasks.clock import timestamp
from functions.tasks.intake.submission import MAX_BODY_BYTES
from tests.builders import a_task
from tests.functions.conftest import Pipeline
from tests.functions.support import CONTEXT, ApiResponse, event, post_bytes


def test_an_event_as_api_gateway_sends_it_is_accepted(pipeline: Pipeline) -> None:
    response = pipeline.submit(event("post_task.json"))
    assert response.status == 202, "a queued task is accepted, not finished"


def test_the_response_says_where_to_read_the_task(pipeline: Pipeline) -> None:
    response = pipeline.post(a_task())
    assert response.headers["Location"] == f"/v1/tasks/{response.document['task_id']}"


def test_the_response_is_the_task_as_it_was_parsed(pipeline: Pipeline) -> None:
    given = a_task(
        due_date="2026-12-31", ordering_key="acme", type="demo.echo", data={"n": [1, 2.5, None, True, {"ä": "ß"}]}
    )
    document = pipeline.post(given).document
    assert {name: document[name] for name in given} == given, "the task is shown as it was submitted"
    assert document.keys() - given.keys() == {"task_id", "status", "attempts", "created_at", "history", "links"}
    assert document["status"] == "queued"
    assert document["attempts"] == 0, "nothing has run yet"
    assert document["history"] == [{"status": "queued", "at": document["created_at"]}]


def test_the_task_is_recorded_as_queued_before_it_is_processed(pipeline: Pipeline) -> None:
    document = pipeline.post(a_task(ordering_key="acme")).document
    (record,) = pipeline.records()
    (message,) = pipeline.messages()
    assert record == {
        "task_id": {"S": document["task_id"]},
        "status": {"S": "queued"},
        "ordering_key": {"S": "acme"},
        "type": {"S": "default"},
        "priority": {"S": "high"},
        "created_at": {"S": document["created_at"]},
        "body": {"S": message["Body"]},
        "attempts": {"N": "0"},
        "history": {"L": [{"M": {"status": {"S": "queued"}, "at": {"S": document["created_at"]}}}]},
        **list_keys(document["task_id"], document["created_at"]),
        "correlation_id": {"S": event("post_task.json")["requestContext"]["requestId"]},
    }, "the record holds what the state machine, the reader and the log need, and nothing else"


def test_the_message_carries_the_whole_task(pipeline: Pipeline) -> None:
    document = pipeline.post(a_task(due_date="2026-12-31", data={"a": None}, type="demo.echo")).document
    (message,) = pipeline.messages()
    assert json.loads(message["Body"]) == a_task(
        due_date="2026-12-31",
        ordering_key="task-processing",
        type="demo.echo",
        data={"a": None},
        task_id=document["task_id"],
        created_at=document["created_at"],
    ), "the message body is the whole task, with its id and time of acceptance"


def test_the_body_of_the_message_is_compact_json_in_utf_8(pipeline: Pipeline) -> None:
    document = pipeline.post(a_task(title="Grüße 🎉")).document
    (message,) = pipeline.messages()
    assert message["Body"] == (
        '{"title":"Grüße 🎉","description":"Invoice 4711 to ACME","priority":"high",'
        '"ordering_key":"task-processing","type":"default","data":{},'
        f'"task_id":"{document["task_id"]}","created_at":"{document["created_at"]}"}}'
    )


def test_the_task_id_is_the_deduplication_id(pipeline: Pipeline) -> None:
    document = pipeline.post(a_task()).document
    (message,) = pipeline.messages()
    assert message["Attributes"]["MessageDeduplicationId"] == document["task_id"]


@pytest.mark.parametrize(
    ("given", "group"), [({}, "task-processing"), ({"ordering_key": "customer/42"}, "customer/42")]
)
def test_the_ordering_key_is_the_message_group(pipeline: Pipeline, given: dict[str, Any], group: str) -> None:
    document = pipeline.post(a_task(**given)).document
    (message,) = pipeline.messages()
    assert message["Attributes"]["MessageGroupId"] == group == document["ordering_key"]


def test_two_equal_tasks_are_two_tasks(pipeline: Pipeline) -> None:
    first, second = (pipeline.post(a_task()).document["task_id"] for _ in range(2))
    assert first != second, "without a key, equal tasks are different tasks"
    assert {message["Attributes"]["MessageDeduplicationId"] for message in pipeline.messages()} == {first, second}


def test_the_task_id_is_a_uuid_of_version_7(pipeline: Pipeline) -> None:
    document = pipeline.post(a_task()).document
    assert uuid.UUID(document["task_id"]).version == 7


@pytest.mark.parametrize("field", ["title", "description", "priority", "ordering_key", "type", "due_date"])
def test_white_space_around_a_text_is_trimmed(pipeline: Pipeline, field: str) -> None:
    plain = a_task(ordering_key="acme", type="demo.echo", due_date="2026-12-31")
    document = pipeline.post(plain | {field: f" \t\r\n{plain[field]}\u2003 "}).document
    assert document[field] == plain[field]
    assert json.loads(pipeline.messages()[0]["Body"])[field] == plain[field], "the message is trimmed as well"


def test_white_space_inside_a_text_and_inside_data_is_kept(pipeline: Pipeline) -> None:
    document = pipeline.post(a_task(title="a  b", data={" k ": " v "}, type="demo.echo")).document
    assert document["title"] == "a  b"
    assert document["data"] == {" k ": " v "}, "data belongs to the task type"


@pytest.mark.parametrize("given", ["low", "LOW", "Low", " mEdIuM ", "HIGH"])
def test_a_priority_is_accepted_in_any_case_and_stored_in_lower_case(pipeline: Pipeline, given: str) -> None:
    assert pipeline.post(a_task(priority=given)).document["priority"] == given.strip().lower()
    assert pipeline.records()[0]["priority"] == {"S": given.strip().lower()}


@pytest.mark.parametrize(
    "given",
    [
        "2026-12-31",
        "2028-02-29",
        "2026-12-31T17:00",
        "2026-12-31T17:00:00",
        "2026-12-31T17:00:00Z",
        "2026-12-31T17:00:00.123Z",
        "2026-12-31T17:00:00+05:30",
        "1999-01-01",
    ],
)
def test_an_iso_8601_due_date_is_kept_as_it_was_sent(pipeline: Pipeline, given: str) -> None:
    response = pipeline.post(a_task(due_date=given))
    assert (response.status, response.document["due_date"]) == (202, given)


def test_a_due_date_of_null_is_omitted(pipeline: Pipeline) -> None:
    response = pipeline.post(a_task(due_date=None))
    assert response.status == 202
    assert "due_date" not in response.document
    assert "due_date" not in json.loads(pipeline.messages()[0]["Body"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "t"),
        ("title", "t" * 200),
        ("title", " " + "t" * 200 + " "),
        ("title", "🎉" * 200),
        ("description", "d"),
        ("description", "d" * 2000),
        ("ordering_key", "k"),
        ("ordering_key", "k" * 128),
        ("ordering_key", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    ],
)
def test_a_text_of_the_maximum_length_is_accepted(pipeline: Pipeline, field: str, value: str) -> None:
    response = pipeline.post(a_task(**{field: value}))
    assert (response.status, response.document.get(field)) == (202, value.strip())


@pytest.mark.parametrize(
    "text",
    [
        "\x01",
        "a\x02b\x1f\x7f",
        "\\u0000",
        "\ufffe\uffff",
        '"\\/\b\f\n\r\t',
        "\u2028\u2029",
        "</script>&amp;",
        "😀\U0010ffff",
        "${X} {% 1 %}",
    ],
)
def test_any_character_survives_the_round_trip(pipeline: Pipeline, text: str) -> None:
    """SQS rejects U+FFFE, U+FFFF and most control characters."""
    given = a_task(title=f"<{text}>", type="demo.echo", data={f"k{text}": text})
    accepted = pipeline.post(given)
    (message,) = pipeline.messages()
    read = pipeline.read(accepted.document["task_id"])
    for where, seen in (
        ("the response", accepted.document),
        ("the message", json.loads(message["Body"])),
        ("the record", read.document),
    ):
        assert seen["title"] == given["title"], f"{where} has the text as it was sent"
        assert seen["data"] == given["data"], f"{where} has the data as it was sent"
    assert all(
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character > "\uffff"
        for character in message["Body"]
    ), "the message has only characters that SQS accepts"


@pytest.mark.parametrize("number", [0, -1, 2**53, 10**40, 0.1, -1.5e-300, 1.7976931348623157e308])
def test_a_number_is_kept_as_it_is(pipeline: Pipeline, number: float) -> None:
    pipeline.post(a_task(type="demo.echo", data={"n": number}))
    (message,) = pipeline.messages()
    assert json.loads(message["Body"])["data"] == {"n": number}


def test_data_nested_up_to_the_limit_is_accepted(pipeline: Pipeline) -> None:
    nested = "[" * 30 + "1" + "]" * 30  # the body and `data` are two more levels
    response = pipeline.post(json.dumps(a_task())[:-1] + f', "data": {{"x": {nested}}}}}')
    assert response.status == 202


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        " application/json ; odd=1",
    ],
)
def test_a_body_of_type_json_is_accepted(pipeline: Pipeline, media_type: str) -> None:
    assert pipeline.post(a_task(), headers={"Content-Type": media_type}).status == 202


def test_header_names_are_accepted_in_any_case(pipeline: Pipeline) -> None:
    headers = {"Content-Type": None, "cOnTeNt-TyPe": "text/plain"}
    assert pipeline.post(a_task(), headers=headers).status == 415


def test_a_base64_encoded_body_is_decoded(pipeline: Pipeline) -> None:
    response = pipeline.submit(post_bytes(json.dumps(a_task(title="Grüße"), ensure_ascii=False).encode()))
    assert (response.status, response.document["title"]) == (202, "Grüße")


def test_a_task_of_exactly_the_maximum_size_is_accepted(pipeline: Pipeline) -> None:
    """192 KiB is the message body, with id, times and defaults."""
    pipeline.post(a_task(type="demo.echo", data={"x": ""}))
    (message,) = pipeline.messages()
    room = 192 * 1024 - len(message["Body"].encode())
    response = pipeline.post(json.dumps(a_task(type="demo.echo", data={"x": "x" * room}), separators=(",", ":")))
    assert response.status == 202
    (message,) = pipeline.messages()
    assert len(message["Body"].encode()) == 192 * 1024


def test_a_task_of_exactly_the_maximum_escaped_size_is_accepted(pipeline: Pipeline) -> None:
    """240 KiB is the message body as a string in another JSON document, which is how it is passed on."""
    given = a_task(type="demo.echo", data={"x": '"' * 40_000})
    pipeline.post(given)
    (message,) = pipeline.messages()
    room = 240 * 1024 - len(json.dumps(message["Body"]))
    given["data"]["x"] += "x" * room
    assert pipeline.post(given).status == 202
    (message,) = pipeline.messages()
    assert len(json.dumps(message["Body"])) == 240 * 1024
    given["data"]["x"] += "x"
    assert pipeline.post(given).status == 413


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time zone is Berlin."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_berlin")
def test_times_are_in_utc_whatever_the_machines_time_zone() -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for zone in (UTC, timezone(timedelta(hours=5, minutes=30)), None):
        assert timestamp(noon.astimezone(zone)) == "2026-01-31T12:00:00.000Z"


def test_an_accepted_task_counts_in_the_metrics(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.post(a_task())
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [metric["TasksAccepted"] for metric in metrics if "TasksAccepted" in metric] == [[1.0]]


def test_the_log_holds_ids_and_never_bodies(
    pipeline: Pipeline, logged: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    response = pipeline.post(
        a_task(title="s3cret-title", description="s3cret", type="demo.echo", data={"k": "s3cret"})
    )
    pipeline.post(a_task(title="s3cret" * 100, extra="s3cret"))
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"accepted"' in line]
    assert line["task_id"] == response.document["task_id"], "the log says which task was accepted"
    assert line.keys() >= {"correlation_id", "TasksAccepted"}, "in one line with its metric"
    assert "s3cret" not in json.dumps(line) + logged(), "the log has no client data"


def test_clients_are_built_once_for_all_requests(pipeline: Pipeline) -> None:
    pipeline.post(a_task())
    built = validator.build()
    ApiResponse.of(validator.handler(event("post_task.json"), CONTEXT))
    assert validator.build() is built, "a warm function builds nothing"


def test_a_body_may_be_as_large_as_a_message_with_all_its_white_space(pipeline: Pipeline) -> None:
    body = json.dumps(a_task())
    assert pipeline.post(body + " " * (MAX_BODY_BYTES - len(body))).status == 202
    assert pipeline.post(body + " " * (MAX_BODY_BYTES - len(body) + 1)).status == 413


@pytest.mark.parametrize(("seconds_ago", "late"), [(0, []), (60, [[1.0]])])
def test_whether_it_was_accepted_in_time_is_counted_from_the_gateways_receipt_on(
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seconds_ago: int,
    late: list[list[float]],
) -> None:
    monkeypatch.setenv("ACCEPT_MILLISECONDS", "10000")
    given = event("post_task.json")
    given["requestContext"]["requestTimeEpoch"] = int((time.time() - seconds_ago) * 1000)
    pipeline.submit(given)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [line["AcceptedLate"] for line in lines if "AcceptedLate" in line] == late


def test_a_refused_request_is_no_acceptance(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCEPT_MILLISECONDS", "10000")
    given = event("post_task.json") | {"body": "{}"}
    assert pipeline.submit(given).status == 400
    assert "AcceptedLate" not in capsys.readouterr().out
