"""The promise about lists of open tasks: at any moment, however far the counts are, each open task is in them once."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.adapters.count_table.opened import DynamoDBOpenCounts
from functions.adapters.task_table.indexes import list_prefix
from functions.adapters.task_table.lists import DynamoDBTaskIndex, OpenTasks
from functions.tasks.listing.model import ListRequest
from functions.tasks.listing.pages import list_tasks
from functions.tasks.model import OPEN, Status
from functions.tasks.tenancy import EVERYTHING, View
from testing.services.count_table import InMemoryCountTable
from testing.services.table import InMemoryTable
from tests.simulation.actors.clients import CALLERS
from tests.simulation.actors.streams import count_all
from tests.simulation.world.world import World

MOMENTS = 3
DELAY_SECONDS = 5.0
END = "9999"
Record = dict[str, Any]


def open_violations(world: World, seed: int) -> Iterator[str]:
    """Look at a few moments, with the counts on time or behind, and at the end, when all is counted."""
    rng = random.Random(f"open {seed}")
    whole = len(world.changes)
    for length in [rng.randint(1, whole) for _ in range(MOMENTS) if whole]:
        at = world.changed_at[length - 1] + rng.choice((0.0, 1.0, 100.0))
        on_time = sum(moment <= at - DELAY_SECONDS for moment in world.changed_at[:length])
        yield from _look(world, length, rng.choice((on_time, length, rng.randint(0, length))), at, seed, rng)
    yield from _nothing_stays_open(world, seed)


def _look(world: World, length: int, counted: int, at: float, seed: int, rng: random.Random) -> Iterator[str]:
    """All lists of open tasks after so many changes, of which only the first are counted."""
    table, counts = InMemoryTable(), InMemoryCountTable()
    count_all(world.changes[:counted], counts, seed)
    for _, after in world.changes[:length]:
        if after:
            table.items[after["task_id"]["S"]] = after
    opened = OpenTasks(
        counts=DynamoDBOpenCounts("counts", _Reading(counts)),  # pyright: ignore[reportArgumentType]
        delay=timedelta(seconds=DELAY_SECONDS),
        now=lambda: datetime.fromtimestamp(at, UTC),
    )
    index = DynamoDBTaskIndex("tasks", opened, _Reading(table))  # pyright: ignore[reportArgumentType]
    tenants = {record["tenant"]["S"] for record in table.items.values() if "tenant" in record}
    for view in (EVERYTHING, View(), *(View(tenant=tenant) for tenant in sorted({*CALLERS, *tenants}))):
        for status in OPEN:
            listed = _listed(index, view, status, rng.choice((1, 2, 100)))
            expected = _expected(table, view, status)
            if listed != expected:
                yield f"{counted} of {length} changes are counted, and {status} of {view}: {listed}, not {expected}"


def _listed(index: DynamoDBTaskIndex, view: View, status: Status, limit: int) -> list[str]:
    """All pages."""
    request, found = ListRequest(status=status, limit=limit), list[str]()
    while True:
        page = list_tasks(request, view, index)
        found += [task.task_id for task in page.tasks]
        if page.cursor is None:
            return found
        request = request.model_copy(update={"cursor": page.cursor})


def _expected(table: InMemoryTable, view: View, status: Status) -> list[str]:
    found = [
        record
        for record in table.items.values()
        if record["status"]["S"] == status and view.shows(record.get("tenant", {}).get("S"))
    ]
    newest_first = sorted(found, key=lambda record: record["list_order"]["S"], reverse=True)
    return [record["task_id"]["S"] for record in newest_first]


def _nothing_stays_open(world: World, seed: int) -> Iterator[str]:
    """Without this, lists would be complete, but go through seconds in vain for ever."""
    counts = InMemoryCountTable()
    count_all(world.changes, counts, seed)
    client: Any = _Reading(counts)
    known = DynamoDBOpenCounts("counts", client)
    for prefix in known.prefixes():
        found = sorted(known.open_seconds(prefix, END))
        expected = sorted({second for second in map(_open_second, world.table.items.values()) if second[0] == prefix})
        if [(prefix, second) for second in found] != expected:
            yield f"{found} of {prefix!r} are counted as open, but {expected} are"


def _open_second(record: Record) -> tuple[str, str]:
    if record["status"]["S"] not in OPEN or "status_shard" in record:
        return "none", ""
    prefix = list_prefix(record.get("tenant", {}).get("S"))
    return prefix, record["list_order"]["S"].removeprefix(prefix)[:19]


class _Reading:
    def __init__(self, table: InMemoryTable | InMemoryCountTable) -> None:
        self._table: Any = table

    def query(self, **request: Any) -> dict[str, Any]:
        """Query."""
        return self._table.query(request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """BatchGetItem."""
        return self._table.batch_get_item(request)
