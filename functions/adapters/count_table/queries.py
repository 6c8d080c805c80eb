"""Queries of the table of counts, page by page."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import unavailable_on_failure

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

Item = Mapping[str, Any]


def items(
    client: "DynamoDBClient",
    table: str,
    scope_name: str,
    condition: str = "",
    values: Mapping[str, Any] | None = None,
    *,
    last_first: bool = False,
) -> Iterator[Item]:
    """The items of a partition, strongly consistent, fetched lazily; `condition` is about `#name`, with its values."""
    start: dict[str, Any] = {}
    while True:
        with unavailable_on_failure("the table of counts"):
            response = client.query(
                TableName=table,
                ConsistentRead=True,
                KeyConditionExpression=f"#scope = :scope{condition}",
                ExpressionAttributeNames={"#scope": "scope", **({"#name": "name"} if condition else {})},
                ExpressionAttributeValues={":scope": {"S": scope_name}, **(values or {})},
                ScanIndexForward=not last_first,
                **start,
            )
        yield from response["Items"]
        if "LastEvaluatedKey" not in response:
            return
        start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}


def amounts(item: Item) -> dict[str, int]:
    """The item's numbers, but the time of its expiry."""
    return {name: int(value["N"]) for name, value in item.items() if "N" in value and name != "expires_at"}
