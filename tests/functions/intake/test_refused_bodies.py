"""POST /tasks with a body that is no task at all: refused, and without effect."""

import base64
import json
from typing import Any

import pytest

from tests.builders import LEAVE_OUT, a_task
from tests.functions.conftest import Pipeline
from tests.functions.intake.refusing import assert_names
from tests.functions.support import event, post_bytes

pytestmark = pytest.mark.usefixtures("no_effect")


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        None,
        "{",
        "{'title': 'x'}",
        '{"title": "x",}',
        "title=x",
        '{"title": "a\nb"}',
        '{"title": "\\x"}',
        "// comment\n{}",
        "{} {}",
        "\ufeff{}",
        '{"data": 01}',
        '{"data": .5}',
        '{"data": +1}',
        '{"data": 0x10}',
        "[" * 190_000,
        '{"a":' * 30_000,
    ],
)
def test_a_body_that_is_not_json_is_refused(pipeline: Pipeline, body: str | None) -> None:
    message = assert_names(pipeline, body, "body")
    assert "is not JSON" in message or "nested deeper" in message, "the client learns why"


def test_the_position_of_a_syntax_error_is_named(pipeline: Pipeline) -> None:
    assert "line 2 column 5" in assert_names(pipeline, '{"title": "x",\n    oops}', "body")


@pytest.mark.parametrize("body", ["null", "true", "1", '"text"', "[]", '[{"title": "x"}]'])
def test_a_json_body_that_is_not_an_object_is_refused(pipeline: Pipeline, body: str) -> None:
    assert_names(pipeline, body, "body")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400 + ".0"])
def test_an_invalid_number_is_refused(pipeline: Pipeline, number: str) -> None:
    assert_names(pipeline, json.dumps(a_task())[:-1] + f', "data": {{"n": {number}}}}}', "body")


def test_an_integer_of_5000_digits_is_refused_in_the_clients_terms(pipeline: Pipeline) -> None:
    message = assert_names(pipeline, json.dumps(a_task())[:-1] + f', "data": {{"n": {"9" * 5000}}}}}', "body")
    assert "sys." not in message, f"Python's settings are not for the client: {message}"


@pytest.mark.parametrize(
    "body",
    [
        '{"title": "a", "title": "b", "description": "d", "priority": "low"}',
        '{"title": "a", "\\u0074itle": "b", "description": "d", "priority": "low"}',
        '{"title": "a", "description": "d", "priority": "low", "data": {"x": [{"title": 1, "title": 1}]}}',
    ],
)
def test_a_duplicate_key_is_refused(pipeline: Pipeline, body: str) -> None:
    """One parser would use the first value, another one the last."""
    assert "'title' twice" in assert_names(pipeline, body, "body")


@pytest.mark.parametrize("nested", ["[" * 31 + "1" + "]" * 31, "[" * 31 + "]" * 31, '{"a":' * 31 + "{}" + "}" * 31])
def test_data_nested_deeper_than_the_limit_is_refused(pipeline: Pipeline, nested: str) -> None:
    body = json.dumps(a_task())[:-1] + f', "data": {{"x": {nested}}}}}'
    assert "32 levels" in assert_names(pipeline, body, "body")


@pytest.mark.parametrize(
    "fragment",
    [
        '"title": "\\ud800"',
        '"description": "a\\udfffb"',
        '"priority": "\\ud800"',
        '"due_date": "2026-12-31\\ud80017:00"',
        '"ordering_key": "\\ud800"',
        '"type": "\\ud800"',
        '"data": {"x": "\\ud800"}',
        '"data": {"x": [{"y": "\\udc00\\ud800"}]}',
        '"data": {"\\ud800": 1}',
        '"data": {"x": {"\\ud800": 1}}',
        '"type": "demo.slow", "data": {"\\ud800": 1}',
        '"\\ud800": 1',
    ],
)
def test_an_unpaired_surrogate_is_refused_anywhere(pipeline: Pipeline, fragment: str) -> None:
    """It is not a character: UTF-8 cannot encode it, and replacing it silently would change the task."""
    whole = a_task() | {"title": LEAVE_OUT if '"title"' in fragment else "t"}
    rest = {name: value for name, value in whole.items() if value is not LEAVE_OUT and f'"{name}"' not in fragment}
    response = pipeline.post(json.dumps(rest)[:-1] + f", {fragment}}}")
    assert response.status == 400, f"accepted as {response.document}"
    assert response.fields


def test_a_pair_of_surrogates_is_a_character(pipeline: Pipeline) -> None:
    response = pipeline.post('{"title": "\\ud83d\\ude00", "description": "d", "priority": "low", "extra": 1}')
    assert response.fields == {"extra"}


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b'{"title": "\xe9"}', "{}".encode("utf-16"), b"\xed\xa0\x80"])
def test_a_body_that_is_not_utf_8_is_refused(pipeline: Pipeline, body: bytes) -> None:
    response = pipeline.submit(post_bytes(body))
    assert (response.status, response.fields) == (400, {"body"})


def test_a_broken_base64_body_is_refused(pipeline: Pipeline) -> None:
    assert pipeline.post("e30", isBase64Encoded=True).status == 400


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json-patch+json",
        "application/jsonx",
        "application/xml; q=application/json",
        "json",
        "",
        ";",
        None,
    ],
)
def test_a_body_of_another_media_type_is_refused(pipeline: Pipeline, media_type: str | None) -> None:
    """Of none, too: a web page may send that to any host without being asked."""
    response = pipeline.post(a_task(), headers={"Content-Type": media_type})
    assert response.status == 415
    assert "application/json" in response.document["detail"], "the client learns what is accepted"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "post"])
def test_another_method_is_refused_with_those_that_are_allowed(pipeline: Pipeline, method: str) -> None:
    response = pipeline.submit(event("post_task.json", httpMethod=method))
    assert response.status == 405
    assert response.headers["Allow"] == "POST", "a 405 names the methods that are allowed (RFC 9110, 15.5.6)"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("x" * (192 * 1024 + 1), id="not a task"),
        pytest.param(json.dumps(a_task(data={"x": "x" * 192 * 1024})), id="long"),
        pytest.param(json.dumps(a_task(data={"x": "€" * 64 * 1024}), ensure_ascii=False), id="long in UTF-8"),
        pytest.param(json.dumps(a_task(data={"x": '"' * 64 * 1024})), id="long when escaped once more"),
        pytest.param(json.dumps(a_task(data={"x": "\\" * 64 * 1024})), id="backslashes"),
        pytest.param(json.dumps(a_task(data={"x": "\x01" * 34 * 1024})), id="escapes"),
    ],
)
def test_a_task_that_would_not_fit_through_the_pipe_is_refused(pipeline: Pipeline, body: str) -> None:
    """SQS would accept it, and then it would block its group: Pipes passes at most 256 KiB to Step Functions."""
    response = pipeline.post(body)
    assert (response.status, response.document["title"]) == (413, "Task too large")
    assert response.document["detail"] == (
        "A task may be up to 192 KiB as JSON, or 240 KiB with its quotes escaped. "
        "Store large data elsewhere and put a reference in `data`."
    ), "both limits are named"
    assert response.document["errors"] == [{"field": "body", "message": "is too large"}]


def test_a_task_that_is_one_byte_too_large_is_refused(pipeline: Pipeline) -> None:
    """The limit applies to the message, which has an id and a time in addition to the request."""
    request = json.dumps(a_task(data={"x": ""}), separators=(",", ":"))
    body = request.replace('"x":""', f'"x":"{"x" * (192 * 1024 - len(request))}"')
    assert len(body) == 192 * 1024
    assert pipeline.post(body).status == 413


def test_a_base64_body_is_measured_after_decoding(pipeline: Pipeline) -> None:
    assert pipeline.submit(post_bytes(b"x" * (192 * 1024 + 1))).status == 413
    small = base64.b64encode(b" " * 150 * 1024).decode()
    assert len(small) > 192 * 1024
    assert pipeline.post(small, isBase64Encoded=True).status == 400, "the body counts, not its encoding"


def test_a_refused_task_counts_in_no_metric(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.post({})
    assert "TasksAccepted" not in capsys.readouterr().out


def test_the_log_says_which_fields_were_wrong(pipeline: Pipeline, logged: Any) -> None:
    pipeline.post(a_task(title=""))
    line = json.loads(logged().splitlines()[-1])
    assert (line["message"], line["status"], line["fields"]) == ("rejected", 400, ["title"])
