"""Queries of an index in order return exactly what MiniStack's own return."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from local.emulator.process.queries import IndexQueries

TABLE = "ordered"


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    module = importlib.import_module("ministack.services.dynamodb")
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "list_shard", "list_order")]
    keys = [{"AttributeName": "list_shard", "KeyType": "HASH"}, {"AttributeName": "list_order", "KeyType": "RANGE"}]
    index = {"IndexName": "listed", "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}
    request = {
        "TableName": TABLE,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": kinds,
        "GlobalSecondaryIndexes": [index],
        "BillingMode": "PAY_PER_REQUEST",
    }
    module._create_table(request)
    yield module
    module._delete_table({"TableName": TABLE})


def query(run: Any, **changes: Any) -> Any:
    request = {
        "TableName": TABLE,
        "IndexName": "listed",
        "KeyConditionExpression": "list_shard = :name AND list_order BETWEEN :first AND :before",
        "ExpressionAttributeValues": {":name": {"S": "a"}, ":first": {"S": "0"}, ":before": {"S": "~"}},
        **changes,
    }
    status, _, body = run({name: value for name, value in request.items() if value is not None})
    return status, json.loads(body)


def change(dynamodb: Any, rng: random.Random) -> None:
    """Write or delete an item; some are in the index, and some move in it."""
    key = {"id": {"S": str(rng.randrange(40))}}
    if rng.random() < 0.2:
        dynamodb._delete_item({"TableName": TABLE, "Key": key})
        return
    listed = {"list_shard": {"S": rng.choice("ab")}, "list_order": {"S": str(rng.randrange(100))}}
    dynamodb._put_item({"TableName": TABLE, "Item": key | (listed if rng.random() < 0.8 else {})})


@pytest.mark.parametrize("seed", range(5))
def test_a_query_in_order_returns_what_it_returned_before(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    original, queries = dynamodb._query, IndexQueries(dynamodb)
    monkeypatch.setattr(dynamodb, "_index_members", queries.index_members)
    monkeypatch.setattr(dynamodb, "_index_item", queries.index_item)
    for _ in range(60):
        for _ in range(rng.randrange(8)):
            change(dynamodb, rng)
        bounds = sorted(str(rng.randrange(100)) for _ in range(2))
        values = {":name": {"S": rng.choice("abc")}, ":first": {"S": bounds[0]}, ":before": {"S": bounds[1]}}
        asked = {
            "ExpressionAttributeValues": values,
            "Limit": rng.choice((None, 1, 3, 100)),
            "ScanIndexForward": rng.random() < 0.5,
        }
        assert query(queries.query, **asked) == query(original, **asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"KeyConditionExpression": "list_shard = :name", "ExpressionAttributeValues": {":name": {"S": "a"}}},
        {"KeyConditionExpression": "id = :name AND list_order BETWEEN :first AND :before"},
        {"IndexName": "unknown"},
        {"KeyConditionExpression": "hash = :name AND list_order BETWEEN :first AND :before"},
        {"TableName": "unknown"},
        {"Limit": 0},
    ],
    ids=str,
)
def test_every_other_query_is_left_to_ministack(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    change(dynamodb, random.Random(1))
    original, queries = dynamodb._query, IndexQueries(dynamodb)
    monkeypatch.setattr(dynamodb, "_index_members", queries.index_members)
    assert query(queries.query, **changes) == query(original, **changes)
