"""Open tasks as they are counted, by the time of their acceptance: where lists find them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from functions.adapters.clients import new_client
from functions.adapters.count_table.layout import prefix_of, scope_of_prefix, start_of
from functions.adapters.count_table.queries import amounts, items
from functions.tasks.counting.cells import ACCEPTED, SECOND, SLOTS, Kind, slot_name

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_MINUTE_CHARACTERS = 16
_AFTER = "~"
_SLOT_SECONDS = 60 // SLOTS


class DynamoDBOpenCounts:
    """`OpenCounts` on the table of counts."""

    def __init__(self, table_name: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table_name
        self._client: DynamoDBClient = client or new_client("dynamodb")

    def prefixes(self) -> Sequence[str]:
        """Query: the counters by type, which every tenant has that was ever counted."""
        found = items(self._client, self._table, Kind.TASKS)
        return sorted({prefix_of(item["name"]["S"]) for item in found})

    def open_seconds(self, prefix: str, end: str) -> Iterator[str]:
        """Query the minutes that have open tasks, backwards."""
        last = {":last": {"S": end[:_MINUTE_CHARACTERS]}}
        scope = scope_of_prefix(Kind.OPEN, prefix)
        for item in items(self._client, self._table, scope, " AND #name <= :last", last, last_first=True):
            numbers = amounts(item)
            for second in reversed(range(60)):
                at = f"{item['name']['S']}:{second:02}"
                if numbers.get(slot_name(SECOND, second), 0) and at < end:
                    yield at

    def accepted(self, prefix: str, first: str, last: str) -> Mapping[str, int]:
        """Query the minutes from the first to the last one; each may be in several stripes."""
        bounds = {
            ":first": {"S": first[:_MINUTE_CHARACTERS]},
            ":last": {"S": last[:_MINUTE_CHARACTERS] + _AFTER},
        }
        found = Counter[str]()
        scope = scope_of_prefix(Kind.MINUTE, prefix)
        for item in items(self._client, self._table, scope, " AND #name BETWEEN :first AND :last", bounds):
            numbers = amounts(item)
            for slot in range(SLOTS):
                start = f"{start_of(item['name']['S'])}:{slot * _SLOT_SECONDS:02}"
                found[start] += numbers.get(slot_name(ACCEPTED, slot), 0)
        return found
