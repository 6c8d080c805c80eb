"""GET /tasks: what is wrong in a query is named, and a cursor is good for the list that it was made for alone."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions import reader
from functions.tasks.listing.cursor import encode_cursor
from functions.tasks.listing.model import ListRequest, parse_list_request
from functions.tasks.model import Status
from tests.functions.conftest import Pipeline
from tests.functions.reading.lists import MOMENT, NOBODY, ids, recorded
from tests.functions.support import CONTEXT, ApiResponse, get_tasks

NO_CURSOR = "is not a cursor from an earlier response with these filters"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": ["done"]}, "status"),
        ({"status": [""]}, "status"),
        ({"status": ["QUEUED"]}, "status"),
        ({"ordering_key": [""]}, "ordering_key"),
        ({"ordering_key": ["two words"]}, "ordering_key"),
        ({"ordering_key": ["k" * 129]}, "ordering_key"),
        *(
            ({"limit": [text]}, "limit")
            for text in ("0", "101", "-1", "1.0", "1e1", "", " 7", "\u0667", "seven", "9" * 10)
        ),
        ({"cursor": [""]}, "cursor"),
        ({"cursor": ["!!"]}, "cursor"),
        ({"cursor": ["é"]}, "cursor"),
        ({"cursor": ["x" * 257]}, "cursor"),
        ({"page": ["2"]}, "page"),
        ({"Status": ["queued"]}, "Status"),
        ({"status": ["queued", "failed"]}, "status"),
        ({"limit": ["5", "5"]}, "limit"),
    ],
)
def test_a_wrong_parameter_is_named(pipeline: Pipeline, query: dict[str, list[str]], field: str) -> None:
    response = ApiResponse.of(reader.handler(get_tasks(query), CONTEXT))
    assert response.status == 400
    assert response.fields == {field}


def test_the_refusal_of_a_query_says_what_is_wrong() -> None:
    refused = ApiResponse.of(reader.handler(get_tasks({"status": ["queued", "failed"], "limit": ["seven"]}), CONTEXT))
    assert refused.document["title"] == "Invalid query"
    assert refused.document["detail"] == "Nothing was listed. See: status, limit."
    assert refused.message("status") == "is given more than once"
    assert refused.message("limit") == "must be a whole number"


def test_all_wrong_parameters_are_named_together() -> None:
    query = {"status": ["x"], "limit": ["x"], "a": ["1", "2"], "ordering_key": ["k", "k"]}
    assert ApiResponse.of(reader.handler(get_tasks(query), CONTEXT)).fields == {"status", "limit", "a", "ordering_key"}


def test_a_cursor_is_bound_to_its_filters(pipeline: Pipeline) -> None:
    for number in range(3):
        recorded(pipeline, number, "queued")
    cursor = pipeline.page(limit="1", status="queued").document["cursor"]
    assert ids(pipeline.page(limit="2", status="queued", cursor=cursor)) == ["task-001", "task-000"]
    for other in (
        {},
        {"status": "failed"},
        {"ordering_key": "task-processing"},
        {"status": "queued", "ordering_key": "task-processing"},
    ):
        response = pipeline.page(cursor=cursor, **other)
        assert (response.status, response.message("cursor")) == (400, NO_CURSOR)


def test_a_cursor_that_was_changed_or_made_up_is_refused(pipeline: Pipeline) -> None:
    good = encode_cursor(MOMENT.format(0, 1) + "#task", NOBODY, None, None)
    assert pipeline.page(cursor=good).status == 200
    text = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)).decode()
    forged = base64.urlsafe_b64encode(text.replace("12:00:01", "12:00:02").encode()).decode().rstrip("=")
    made_up = base64.urlsafe_b64encode(json.dumps({"after": "x"}).encode()).decode()
    for wrong in (forged, made_up, good[:-1], good + "A", good + "==", good[4:]):
        response = pipeline.page(cursor=wrong)
        assert (response.status, response.message("cursor")) == (400, NO_CURSOR), wrong


@pytest.mark.parametrize(
    ("position", "status", "key", "cursor"),
    [
        ("2026-01-31T12:00:01.000Z#task-1", None, None, "NDkyZDhmNWYyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay0x"),
        (
            "2026-01-31T12:00:01.000Z#task-W",
            Status.FAILED,
            None,
            "YzMwZjBhM2UyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay1X",
        ),
        (
            "2026-01-31T12:00:01.000Z#task-1",
            None,
            "customer-42",
            "MGFmYTE1YTQyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay0x",
        ),
        (
            "2026-01-31T12:00:01.000Z#task-1W",
            Status.FAILED,
            "customer-42",
            "OGMyYjMzMGUyMDI2LTAxLTMxVDEyOjAwOjAxLjAwMFojdGFzay0xVw",
        ),
    ],
)
def test_a_cursor_outlives_a_deployment(position: str, status: Status | None, key: str | None, cursor: str) -> None:
    request = ListRequest(status=status, ordering_key=key, cursor=cursor)
    assert (request.cursor_after(position, NOBODY), request.before(NOBODY)) == (cursor, position)


@given(
    st.from_regex(r"[!-~]{1,128}", fullmatch=True),
    st.none() | st.sampled_from(Status),
    st.none() | st.from_regex(r"[!-~]{1,128}", fullmatch=True),
)
def test_every_cursor_is_accepted_back(task_id: str, status: Status | None, key: str | None) -> None:
    position = f"{MOMENT.format(0, 0)}#{task_id}"
    filters = {name: [value] for name, value in {"status": status, "ordering_key": key}.items() if value}
    cursor = ListRequest(status=status, ordering_key=key).cursor_after(position, NOBODY)
    assert parse_list_request({**filters, "cursor": [cursor]}, NOBODY).before(NOBODY) == position
