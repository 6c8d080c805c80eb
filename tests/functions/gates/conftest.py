"""The table of gates, on moto, beside the pipeline's tables; and requests about keys."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from functions import keys
from functions.adapters.gate_table.layout import CLOSED, GATE, HASH_KEY, INDEX, RANGE_KEY
from functions.tasks.tenancy import Tenant, message_group
from tests.functions.conftest import Pipeline
from tests.functions.document.documented import assert_documented
from tests.functions.support import CONTEXT, ApiResponse, event

TABLE = "taskline-test-gates"
LONG_MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:taskline-test-long-workflow"
ANNA = "arn:aws:iam::111122223333:user/anna"


def create_gates_table(client: Any, name: str) -> None:
    """An empty table of gates, on moto."""
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": HASH_KEY, "KeyType": "HASH"},
            {"AttributeName": RANGE_KEY, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in (HASH_KEY, RANGE_KEY, "closed", "closed_at")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [
                    {"AttributeName": "closed", "KeyType": "HASH"},
                    {"AttributeName": "closed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


class Keys:
    """Keys as an operator sees and changes them, and gates as the state machine and the gatekeeper leave them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.dynamodb: Any = pipeline.dynamodb

    def read(self, key: str, **query: str) -> ApiResponse:
        """GET /keys/{key}."""
        return self._send("GET", key, query)

    def put(self, key: str, body: Any, **query: str) -> ApiResponse:
        """PUT /keys/{key}."""
        return self._send("PUT", key, query, body)

    def close(self, key: str, reason: str = "a test", **query: str) -> dict[str, Any]:
        """Close the key; what it is then."""
        return self._changed(self.put(key, {"state": "closed", "reason": reason}, **query))

    def open(self, key: str, *, head: str | None = None, **query: str) -> dict[str, Any]:
        """Open the key; what it is then."""
        change = {"state": "open", "reason": "mended"} | ({} if head is None else {"head": head})
        return self._changed(self.put(key, change, **query))

    def list(self, **query: str) -> ApiResponse:
        """GET /keys."""
        return self._send("GET", None, query)

    def gate(self, key: str, tenant: Tenant = None) -> dict[str, Any] | None:
        """The gate's item."""
        found = self.dynamodb.get_item(TableName=TABLE, Key=_place(key, tenant), ConsistentRead=True)
        return found.get("Item")

    def put_gate(self, key: str, *, head: str | None = None, tenant: Tenant = None, **changes: Any) -> None:
        """A gate as the state machine closes it, which does not know the tenant."""
        item = {
            **_place(key, tenant),
            "ordering_key": {"S": key},
            "closed": {"S": CLOSED},
            "closed_at": {"S": "2026-01-31T12:00:02.000Z"},
            "parked": {"N": "2"},
            **({} if head is None else {"head": {"S": head}}),
        }
        self.dynamodb.put_item(TableName=TABLE, Item=item | changes)

    def _changed(self, response: ApiResponse) -> dict[str, Any]:
        assert response.status == 200, response
        return response.document

    def _send(self, method: str, key: str | None, query: dict[str, str], body: Any = None) -> ApiResponse:
        """As API Gateway sends it: a REST API leaves path parameters encoded."""
        path = "/keys" if key is None else "/keys/{key}"
        sent = event(
            "get_task.json",
            httpMethod=method,
            resource=path,
            pathParameters=None if key is None else {"key": quote(key, safe="")},
            multiValueQueryStringParameters={name: [value] for name, value in query.items()} or None,
            body=body if body is None or isinstance(body, str) else json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        sent["requestContext"]["identity"]["userArn"] = ANNA
        response = ApiResponse.of(keys.handler(sent, CONTEXT))
        assert_documented(response, method, path)
        return response


def _place(key: str, tenant: Tenant) -> dict[str, Any]:
    return {HASH_KEY: {"S": message_group(tenant, key)}, RANGE_KEY: {"S": GATE}}


@pytest.fixture
def key_requests(own_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    """An empty table of gates."""
    create_gates_table(own_pipeline.dynamodb, TABLE)
    monkeypatch.setenv("GATES_TABLE_NAME", TABLE)
    monkeypatch.setenv("LONG_MACHINE_ARN", LONG_MACHINE)
    monkeypatch.setenv("CANCEL_GRACE_SECONDS", "60")
    keys.build.cache_clear()
    yield Keys(own_pipeline)
    keys.build.cache_clear()
