"""GET /stats: what the counter made of the table's stream, as clients and operators see it."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import counter, reader
from functions.adapters.count_table.counts import DynamoDBCounts
from functions.tasks.errors import Unavailable
from tests.builders import LEAVE_OUT, TIMES, an_item
from tests.functions.conftest import Pipeline
from tests.functions.document.documented import assert_documented
from tests.functions.support import CONTEXT, ApiResponse, event, from_caller

NOTHING = {"queued": 0, "parked": 0, "processing": 0, "succeeded": 0, "failed": 0, "cancelled": 0}
SHARD = "shardId-00000001"
numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def empty_counts(pipeline: Pipeline) -> Iterator[None]:
    yield
    for item in items(pipeline):
        key: Any = {name: item[name] for name in ("scope", "name")}
        pipeline.dynamodb.delete_item(TableName=pipeline.counts_table, Key=key)


def items(pipeline: Pipeline) -> list[dict[str, Any]]:
    return pipeline.dynamodb.scan(TableName=pipeline.counts_table)["Items"]


def stats(caller: str | None = None, path: str = "/stats", **query: str) -> ApiResponse:
    made = event(
        "get_task.json",
        resource=path,
        path=path,
        pathParameters=None,
        queryStringParameters=query or None,
        multiValueQueryStringParameters={name: [value] for name, value in query.items()} or None,
    )
    made["requestContext"] |= {"resourcePath": path, "path": f"/v1{path}"}
    response = ApiResponse.of(reader.handler(from_caller(made, caller), CONTEXT))
    assert_documented(response, "GET", path)
    return response


def change(before: Any, after: Any) -> dict[str, Any]:
    """A record of the stream."""
    images = {name: image for name, image in (("OldImage", before), ("NewImage", after)) if image}
    return {"eventID": "e", "dynamodb": {"SequenceNumber": f"{next(numbers):021}", "Keys": {}, **images}}


def deliver(*records: dict[str, Any], shard: str = SHARD) -> Any:
    return counter.handler({"Records": list(records), "shardId": shard, "state": {}}, CONTEXT)


def life(*statuses: str, **changes: Any) -> list[dict[str, Any]]:
    """The changes of a record that goes through these statuses."""
    steps = [an_item(*statuses[: number + 1], **changes) for number in range(len(statuses))]
    return [change(before, after) for before, after in itertools.pairwise([None, *steps])]


def by_status(**query: str) -> dict[str, int]:
    counted = stats(**query).document["by_status"]
    return {status: count for status, count in counted.items() if count}


def test_without_tasks_everything_is_zero(pipeline: Pipeline) -> None:
    document = stats().document
    flows = {"accepted": 0, "succeeded": 0, "failed": 0, "cancelled": 0}
    assert document.pop("as_of")
    assert document == {
        "by_status": NOTHING,
        "by_type": {},
        "last_minute": flows,
        "last_hour": flows,
        "last_day": flows,
    }


def test_tasks_are_counted_by_status_and_type(pipeline: Pipeline) -> None:
    deliver(*life("queued", "processing", "succeeded"), *life("queued", type={"S": "invoice.render"}))
    assert by_status() == {"queued": 1, "succeeded": 1}
    by_type = stats().document["by_type"]
    assert by_type == {
        "default": {**NOTHING, "succeeded": 1},
        "invoice.render": {**NOTHING, "queued": 1},
    }


def test_a_type_with_any_characters_is_counted_under_its_name(pipeline: Pipeline) -> None:
    deliver(*life("queued", type={"S": "a#b#c"}))
    assert stats().document["by_type"] == {"a#b#c": {**NOTHING, "queued": 1}}


def test_the_tasks_of_a_key_and_of_a_batch_are_counted(pipeline: Pipeline) -> None:
    deliver(
        *life("queued", "processing", ordering_key={"S": "a#b"}, batch_id={"S": "b1"}),
        *life("queued", ordering_key={"S": "other"}, batch_id={"S": "b1"}),
    )
    assert by_status(ordering_key="a#b") == {"processing": 1}
    assert by_status(batch_id="b1") == {"processing": 1, "queued": 1}
    assert by_status(ordering_key="unknown") == {}
    assert "last_minute" not in stats(batch_id="b1").document, "only of all tasks"


def test_a_key_that_only_one_task_can_have_costs_no_counter(pipeline: Pipeline) -> None:
    deliver(*life("queued", ordering_key={"S": "me"}, task_id={"S": "me"}))
    assert not [item for item in items(pipeline) if item["scope"]["S"].startswith("key#")]


def test_a_batch_that_is_delivered_again_counts_once(pipeline: Pipeline) -> None:
    records = life("queued", "processing", "failed")
    for batch in (records, records, records[1:], records[:2], [*records, *life("queued")]):
        deliver(*batch)
    assert by_status() == {"failed": 1, "queued": 1}


def test_each_shard_has_its_own_position(pipeline: Pipeline) -> None:
    later, earlier = life("queued"), life("queued")
    deliver(*earlier, shard="one")
    deliver(*later, shard="two")
    deliver(*later, shard="two")
    assert by_status() == {"queued": 2}


def test_a_record_that_expires_leaves_the_counts(pipeline: Pipeline) -> None:
    deliver(*life("queued", "processing", "succeeded", ordering_key={"S": "gone"}, batch_id={"S": "b"}))
    deliver(change(an_item("queued", "succeeded", ordering_key={"S": "gone"}, batch_id={"S": "b"}), None))
    assert by_status() == by_status(ordering_key="gone") == {}
    left = {item["scope"]["S"].partition("#")[0] for item in items(pipeline)}
    assert left.isdisjoint({"key", "batch"}), "a key without tasks leaves nothing behind"


def test_a_record_from_before_there_were_counts_counts_from_its_next_claim_on(pipeline: Pipeline) -> None:
    old = an_item("queued", counted=LEAVE_OUT)
    deliver(change(None, old), change(old, an_item("queued", "processing")))
    assert by_status() == {"processing": 1}
    assert stats().document["last_day"]["accepted"] == 0, "it was accepted earlier"


@pytest.mark.parametrize("name", ["type", "status", "ordering_key"])
def test_an_unreadable_record_counts_as_nothing_and_holds_nothing_up(pipeline: Pipeline, name: str) -> None:
    deliver(*life("queued", **{name: {"N": "1"}}), *life("queued"))
    assert by_status() == {"queued": 1}


def test_more_cells_than_a_transaction_has_are_counted_in_several(pipeline: Pipeline) -> None:
    deliver(*(one for key in range(120) for one in life("queued", ordering_key={"S": f"key-{key}"})))
    assert by_status() == {"queued": 120}
    assert by_status(ordering_key="key-119") == {"queued": 1}


def test_changes_of_anything_but_the_status_count_nothing(pipeline: Pipeline) -> None:
    deliver(change(an_item("failed", failed_key={"S": "k"}), an_item("failed")))
    assert items(pipeline) == []


def test_the_final_call_of_a_window_brings_no_records(pipeline: Pipeline) -> None:
    assert deliver() == {"state": {}}


def ago(**span: int) -> dict[str, str]:
    return {"S": (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def test_what_happened_is_counted_by_time(pipeline: Pipeline) -> None:
    for created, finished in (
        (ago(seconds=20), ago(seconds=10)),
        (ago(hours=2), ago(minutes=30)),
        (ago(days=3), None),
    ):
        changes = {"created_at": created} | ({"finished_at": finished} if finished else {})
        deliver(*life("queued", "cancelled" if finished else "processing", **changes))
    document = stats().document
    assert document["last_minute"] == {"accepted": 1, "succeeded": 0, "failed": 0, "cancelled": 1}
    assert document["last_hour"] == {"accepted": 1, "succeeded": 0, "failed": 0, "cancelled": 2}
    assert document["last_day"] == {"accepted": 2, "succeeded": 0, "failed": 0, "cancelled": 2}


def test_a_redriven_task_is_accepted_once_and_ends_twice(pipeline: Pipeline) -> None:
    now = ago(seconds=1)
    statuses = ("queued", "processing", "failed", "queued")
    deliver(*life(*statuses, created_at=now, finished_at=now))
    again = an_item("queued", "succeeded", created_at=now, finished_at=now)
    deliver(change(an_item(*statuses, created_at=now, finished_at=now), again))
    assert stats().document["last_minute"] == {"accepted": 1, "succeeded": 1, "failed": 1, "cancelled": 0}


def test_buckets_expire(pipeline: Pipeline) -> None:
    deliver(*life("queued", "processing", "succeeded"))
    kept = {item["scope"]["S"].partition("#")[0]: item for item in items(pipeline) if "expires_at" in item}
    end = datetime.fromisoformat(TIMES[0]).timestamp()
    assert int(kept["minute"]["expires_at"]["N"]) >= end + 3600
    assert int(kept["hour"]["expires_at"]["N"]) >= end + 24 * 3600
    assert kept.keys() == {"minute", "hour", "shard"}, "counts of tasks do not expire"


def test_a_client_sees_counts_of_its_own_tasks_and_operators_of_all(pipeline: Pipeline) -> None:
    mine, theirs = {"tenant": {"S": "key:mine"}}, {"tenant": {"S": "key:theirs"}}
    for whose in (mine, theirs, theirs, {}):
        deliver(*life("queued", ordering_key={"S": "k"}, batch_id={"S": "b"}, **whose))
    for query in ({}, {"ordering_key": "k"}, {"batch_id": "b"}):
        assert stats("mine", **query).document["by_status"]["queued"] == 1
        assert stats("theirs", **query).document["by_status"]["queued"] == 2
        assert stats("nobody", **query).document["by_status"]["queued"] == 0
        everyone = stats(path="/operations/stats", **query).document
        assert everyone["by_status"]["queued"] == 4
        one = stats(path="/operations/stats", tenant="key:theirs", **query).document
        assert one["by_status"]["queued"] == 2
        assert stats(path="/operations/stats", tenant="none", **query).document["by_status"]["queued"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"ordering_key": "a", "batch_id": "b"}, "batch_id"),
        ({"ordering_key": "with space"}, "ordering_key"),
        ({"batch_id": ""}, "batch_id"),
        ({"tenant": "key:theirs"}, "tenant"),
        ({"status": "queued"}, "status"),
    ],
)
def test_a_wrong_parameter_is_named(pipeline: Pipeline, query: dict[str, str], field: str) -> None:
    response = stats(**query)
    assert (response.status, response.fields) == (400, {field})


def test_a_table_that_is_gone_has_the_batch_delivered_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = DynamoDBCounts("gone", now=lambda: datetime.now(UTC), pause=lambda: None, client=pipeline.dynamodb)
    with counter.build.given(counter.Counter(counts=counts)), pytest.raises(Unavailable):
        deliver(*life("queued"))
