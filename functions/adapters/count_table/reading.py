"""Reading counters from DynamoDB: one Query for each kind, and the sum is made by who asks."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.adapters.count_table.layout import scope, start_of, tenant_name, type_of
from functions.tasks.counting.cells import Kind
from functions.tasks.counting.summing import Bucket
from functions.tasks.tenancy import View

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_FORMAT = {Kind.MINUTE: "%Y-%m-%dT%H:%M", Kind.HOUR: "%Y-%m-%dT%H"}
Item = Mapping[str, Any]


class DynamoDBStoredCounts:
    """`StoredCounts` on a DynamoDB table."""

    def __init__(self, table_name: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table_name
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def tasks(self, kind: Kind, view: View, subject: str = "") -> Iterator[tuple[str, Mapping[str, int]]]:
        """Query, strongly consistent: the tenant's items of the partition, or all of them."""
        of_tenant = "" if view.everything else " AND begins_with(#name, :tenant)"
        values = {} if view.everything else {":tenant": {"S": f"{tenant_name(view)}#"}}
        for item in self._query(scope(kind, view, subject), of_tenant, values):
            yield type_of(kind, item["name"]["S"]), _amounts(item)

    def buckets(self, kind: Kind, view: View, since: datetime) -> Iterator[Bucket]:
        """Query, strongly consistent: the tenant's buckets from that time on."""
        first = {":first": {"S": since.astimezone(UTC).strftime(_FORMAT[kind])}}
        for item in self._query(scope(kind, view), " AND #name >= :first", first):
            start = datetime.strptime(start_of(item["name"]["S"]), _FORMAT[kind]).replace(tzinfo=UTC)
            yield Bucket(start=start, amounts=_amounts(item))

    def _query(self, scope_name: str, condition: str, values: dict[str, Any]) -> Iterator[Item]:
        start: dict[str, Any] = {}
        while True:
            with unavailable_on_failure("the table of counts"):
                response = self._client.query(
                    TableName=self._table,
                    ConsistentRead=True,
                    KeyConditionExpression=f"#scope = :scope{condition}",
                    ExpressionAttributeNames={
                        "#scope": "scope",
                        **({"#name": "name"} if condition else {}),
                    },
                    ExpressionAttributeValues={":scope": {"S": scope_name}, **values},
                    **start,
                )
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}


def _amounts(item: Item) -> dict[str, int]:
    """The item's numbers, but the time of its expiry."""
    return {name: int(value["N"]) for name, value in item.items() if "N" in value and name != "expires_at"}
