"""The in-memory table evaluates the shipped expressions as moto does."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from statemachine.loader import raw_definition
from testing.services.expressions import compile_condition, compile_update
from testing.services.table import ConditionalCheckFailedError, InMemoryTable

UPDATES = {
    name: state["Arguments"]
    for name, state in raw_definition()["States"].items()
    if state.get("Resource", "").endswith("updateItem")
}
TEXTS = st.sampled_from(["queued", "processing", "succeeded", "failed", "me", "other"]).map(lambda text: {"S": text})
NUMBERS = st.integers(0, 3).map(lambda number: {"N": str(number)})
LISTS = st.lists(TEXTS, max_size=2).map(lambda items: {"L": items})
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "status": TEXTS,
        "lease_owner": TEXTS,
        "lease_until": NUMBERS,
        "attempts": NUMBERS,
        "history": LISTS,
        "body": TEXTS,
        "started_at": TEXTS,
    },
)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="tasks",
            KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "task_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def values_for(arguments: dict[str, Any], draw: st.DataObject) -> dict[str, Any]:
    """A value of the right type for each placeholder: literals stay, JSONata expressions are replaced."""
    drawn: dict[str, Any] = {}
    for name, value in arguments["ExpressionAttributeValues"].items():
        literal = "{%" not in json.dumps(value)
        kind = {"S": TEXTS, "N": NUMBERS, "L": LISTS}.get(next(iter(value)), st.just({"M": {}}))
        drawn[name] = value if literal else draw.draw(kind)
    return drawn


@pytest.mark.parametrize("state", UPDATES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_a_shipped_update_has_the_same_effect(dynamodb: Any, state: str, draw: st.DataObject) -> None:
    key = {"task_id": {"S": "a-task"}}
    item = draw.draw(st.none() | ITEMS)
    request = {
        "TableName": "tasks",
        "Key": key,
        **{name: UPDATES[state][name] for name in ("ConditionExpression", "UpdateExpression")},
        **{name: UPDATES[state][name] for name in ("ExpressionAttributeNames",) if name in UPDATES[state]},
        "ExpressionAttributeValues": values_for(UPDATES[state], draw),
    }
    table = InMemoryTable()
    dynamodb.delete_item(TableName="tasks", Key=key)
    if item is not None:
        table.put_item({"Item": {**key, **item}})
        dynamodb.put_item(TableName="tasks", Item={**key, **item})

    assert outcome(lambda: table.update_item(request)) == outcome(lambda: dynamodb.update_item(**request))
    assert table.get_item({"Key": key}).get("Item") == dynamodb.get_item(TableName="tasks", Key=key).get("Item")


def outcome(update: Any) -> str:
    """The result that the caller sees."""
    try:
        update()
    except ConditionalCheckFailedError:
        return "ConditionalCheckFailedException"
    except ValueError:
        return "ValidationException"
    except ClientError as error:
        return error.response.get("Error", {}).get("Code", "")
    return "done"


@pytest.mark.parametrize("text", ["a LIKE :b", "size(a) > :b", "a = :b AND", "contains(a, :b)"])
def test_an_unsupported_condition_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        compile_condition(text)


@pytest.mark.parametrize("text", ["ADD a :b", "SET a", "DELETE a :b", "SET a = b c"])
def test_an_unsupported_update_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_update(text)
