"""POST /tasks, refused: the right status, a problem document that names each field, and no effect."""

from typing import Any

import pytest

from tests.builders import LEAVE_OUT, a_task
from tests.functions.conftest import Pipeline
from tests.functions.intake.refusing import assert_names

pytestmark = pytest.mark.usefixtures("no_effect")

REQUIRED = ["title", "description", "priority"]
TEXTS = [*REQUIRED, "due_date", "ordering_key", "type"]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_refused(pipeline: Pipeline, field: str) -> None:
    assert assert_names(pipeline, a_task(**{field: LEAVE_OUT}), field) == "is required"


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("value", ["", "   ", "\u2003\n"])
def test_an_empty_field_is_refused(pipeline: Pipeline, field: str, value: str) -> None:
    assert_names(pipeline, a_task(**{field: value}), field)


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("value", [1, 1.5, True, ["high"], {"a": "b"}])
def test_a_text_of_another_type_is_refused(pipeline: Pipeline, field: str, value: Any) -> None:
    assert_names(pipeline, a_task(**{field: value}), field)


@pytest.mark.parametrize("field", [*REQUIRED, "ordering_key", "type", "data"])
def test_null_is_not_a_value(pipeline: Pipeline, field: str) -> None:
    assert_names(pipeline, a_task(**{field: None}), field)


@pytest.mark.parametrize("value", ["{}", 1, True, [], [{"a": 1}]])
def test_data_that_is_not_an_object_is_refused(pipeline: Pipeline, value: Any) -> None:
    assert_names(pipeline, a_task(data=value), "data")


def test_a_title_of_201_characters_is_refused(pipeline: Pipeline) -> None:
    assert "200" in assert_names(pipeline, a_task(title="t" * 201), "title"), "the limit is named"


def test_a_description_of_2001_characters_is_refused(pipeline: Pipeline) -> None:
    assert "2000" in assert_names(pipeline, a_task(description="d" * 2001), "description"), "the limit is named"


@pytest.mark.parametrize("key", ["k" * 129, "two words", "tab\tbed", "ümlaut", "line\nbreak", "del\x7f"])
def test_an_ordering_key_that_sqs_would_not_accept_is_refused(pipeline: Pipeline, key: str) -> None:
    assert_names(pipeline, a_task(ordering_key=key), "ordering_key")


@pytest.mark.parametrize("priority", ["urgent", "highest", "h i g h", "HİGH", "\uff48\uff49\uff47\uff48"])
def test_an_unknown_priority_is_refused_with_those_that_exist(pipeline: Pipeline, priority: str) -> None:
    message = assert_names(pipeline, a_task(priority=priority), "priority")
    assert message == "must be one of low, medium, high", "the client learns what is allowed"


@pytest.mark.parametrize(
    "date",
    [
        "tomorrow",
        "31.12.2026",
        "2026-13-01",
        "2026-02-30",
        "2026-02-29",
        "2026-1-1",
        "2026-12-31T25:00:00Z",
        "2026-12-31T24:00:00Z",
        "2026-12-31T17:60:00Z",
        "2026-12-31T17:00:00+99:00",
        "2026-12-31T",
        "2026-12-31x17:00:00",
        "2026-12-31\u00a017:00:00",
        "1798736400",
        "\uff12\uff10\uff12\uff16-12-31",
        "2026-12-31T17:00:00Z" + "0" * 60,
    ],
)
def test_a_due_date_that_is_not_iso_8601_is_refused(pipeline: Pipeline, date: str) -> None:
    assert_names(pipeline, a_task(due_date=date), "due_date")


def test_the_refusal_of_a_due_date_shows_what_one_looks_like(pipeline: Pipeline) -> None:
    assert assert_names(pipeline, a_task(due_date="tomorrow"), "due_date") == (
        "must be an ISO 8601 date or date and time, such as 2026-12-31 or 2026-12-31T17:00:00Z"
    )


@pytest.mark.parametrize(
    "name", ["extra", "task_id", "status", "created_at", "attempt", "Title", "", "__class__", "a.b"]
)
def test_an_unknown_field_is_refused(pipeline: Pipeline, name: str) -> None:
    message = assert_names(pipeline, a_task(**{name: "x"}), name or "body")
    assert message == "is not a known field"


@pytest.mark.parametrize("name", ["no-such-type", "DEMO.ECHO", "demo.*", "x" * 65, "../demo", "_x"])
def test_an_unknown_task_type_is_refused(pipeline: Pipeline, name: str) -> None:
    assert_names(pipeline, a_task(type=name), "type")


def test_the_refusal_of_an_unknown_task_type_lists_the_known_ones(pipeline: Pipeline) -> None:
    assert assert_names(pipeline, a_task(type="no-such-type"), "type") == (
        "is not a known task type; known types are default, demo.echo, demo.flaky, demo.long, demo.slow, demo.strict, "
        "demo.worker"
    )


@pytest.mark.parametrize(
    ("task_type", "data", "field"),
    [
        ("demo.slow", {"milliseconds": -1}, "data.milliseconds"),
        ("demo.slow", {"milliseconds": 900_001}, "data.milliseconds"),
        ("demo.slow", {"milliseconds": "20"}, "data.milliseconds"),
        ("demo.slow", {"milliseconds": 1.5}, "data.milliseconds"),
        ("demo.slow", {"milliseconds": True}, "data.milliseconds"),
        ("demo.slow", {"seconds": 1}, "data.seconds"),
        ("demo.flaky", {"probability": 1.01}, "data.probability"),
        ("demo.flaky", {"probability": -0.01}, "data.probability"),
        ("demo.flaky", {"probability": "1"}, "data.probability"),
        ("demo.flaky", {"error_class": "BORED"}, "data.error_class"),
        ("demo.flaky", {"error_class": 1}, "data.error_class"),
        ("demo.flaky", {"seed": "1"}, "data.seed"),
    ],
)
def test_data_that_the_task_type_cannot_use_is_refused_before_it_is_queued(
    pipeline: Pipeline, task_type: str, data: dict[str, Any], field: str
) -> None:
    assert_names(pipeline, a_task(type=task_type, data=data), field)


def test_all_wrong_fields_are_named_together(pipeline: Pipeline) -> None:
    wrong = a_task(
        title="", description=7, priority=LEAVE_OUT, due_date="soon", ordering_key="a b", type="?", data=1, extra=1
    )
    assert_names(
        pipeline, wrong, "title", "description", "priority", "due_date", "ordering_key", "type", "data", "extra"
    )


def test_the_detail_of_a_refusal_names_the_wrong_fields(pipeline: Pipeline) -> None:
    refused = pipeline.post(a_task(title="", due_date="soon")).document
    assert (refused["title"], refused["detail"]) == (
        "Invalid task",
        "The task was not accepted. See: title, due_date.",
    )


def test_all_wrong_fields_of_data_are_named_together(pipeline: Pipeline) -> None:
    wrong = a_task(type="demo.flaky", data={"probability": 2, "seed": "x", "extra": 1})
    assert_names(pipeline, wrong, "data.probability", "data.seed", "data.extra")
