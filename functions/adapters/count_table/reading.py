"""Reading counters from DynamoDB: one Query for each kind, and the sum is made by who asks."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from functions.adapters.clients import new_client
from functions.adapters.count_table.layout import scope, start_of, tenant_name, type_of
from functions.adapters.count_table.queries import amounts, items
from functions.tasks.counting.cells import Kind
from functions.tasks.counting.summing import Bucket
from functions.tasks.tenancy import View

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_FORMAT = {Kind.MINUTE: "%Y-%m-%dT%H:%M", Kind.HOUR: "%Y-%m-%dT%H"}


class DynamoDBStoredCounts:
    """`StoredCounts` on a DynamoDB table."""

    def __init__(self, table_name: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table_name
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def tasks(self, kind: Kind, view: View, subject: str = "") -> Iterator[tuple[str, Mapping[str, int]]]:
        """Query, strongly consistent: the tenant's items of the partition, or all of them."""
        of_tenant = "" if view.everything else " AND begins_with(#name, :tenant)"
        values = {} if view.everything else {":tenant": {"S": f"{tenant_name(view)}#"}}
        for item in items(self._client, self._table, scope(kind, view, subject), of_tenant, values):
            yield type_of(kind, item["name"]["S"]), amounts(item)

    def buckets(self, kind: Kind, view: View, since: datetime) -> Iterator[Bucket]:
        """Query, strongly consistent: the tenant's buckets from that time on."""
        first = {":first": {"S": since.astimezone(UTC).strftime(_FORMAT[kind])}}
        for item in items(self._client, self._table, scope(kind, view), " AND #name >= :first", first):
            start = datetime.strptime(start_of(item["name"]["S"]), _FORMAT[kind]).replace(tzinfo=UTC)
            yield Bucket(start=start, amounts=amounts(item))
