"""The promise about counts: they equal the records once the stream has caught up."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from functions.adapters.count_table.reading import DynamoDBStoredCounts
from functions.tasks.counting.model import StatsRequest
from functions.tasks.counting.summing import read_stats
from functions.tasks.tenancy import EVERYTHING, View
from testing.services.count_table import InMemoryCountTable
from tests.simulation.actors.clients import CALLERS
from tests.simulation.actors.streams import count_all
from tests.simulation.world.world import Change, World

FINAL = ("succeeded", "failed", "cancelled")
Record = dict[str, Any]


def count_violations(world: World, seed: int) -> Iterator[str]:
    """Count all changes, with the faults of this seed, and compare. Some of the finished records expire before."""
    changes, records = _with_expiry(world, random.Random(f"expiry {seed}"))
    table = InMemoryCountTable()
    count_all(changes, table, seed)
    client: Any = _Reading(table)
    now = datetime.fromtimestamp(world.now(), UTC)
    counts = DynamoDBStoredCounts("counts", client)
    views = [EVERYTHING, View(), *(View(tenant=tenant) for tenant in _tenants(changes))]
    for view in views:
        own = [record for record in records if view.shows(_text(record, "tenant"))]
        for request, expected in _questions(own):
            stats = read_stats(request, view, counts, now)
            if stats.by_status.model_dump() != _statuses(expected):
                yield f"{request!r} of {view} counts {stats.by_status}, but the records are {_statuses(expected)}"
            found = {name: tally.model_dump() for name, tally in stats.by_type.items()}
            if found != _types(expected):
                yield f"{request!r} of {view} counts {found}, but the records are {_types(expected)}"
        lately = read_stats(StatsRequest(), view, counts, now).last_day
        if lately is None or lately.model_dump() != _flows(changes, view):
            yield f"the last day of {view} is {lately}, but it was {_flows(changes, view)}"


class _Reading:
    def __init__(self, table: InMemoryCountTable) -> None:
        self._table = table

    def query(self, **request: Any) -> dict[str, Any]:
        """Query."""
        return self._table.query(request)


def _with_expiry(world: World, rng: random.Random) -> tuple[list[Change], list[Record]]:
    kept, removed = list[Record](), list[Change]()
    for record in world.table.items.values():
        if record["status"]["S"] in FINAL and rng.random() < 0.2:
            removed.append((record, None))
        else:
            kept.append(record)
    return [*world.changes, *removed], kept


def _questions(records: list[Record]) -> Iterator[tuple[StatsRequest, list[Record]]]:
    yield StatsRequest(), records
    for key in ("a", "b"):
        yield StatsRequest(ordering_key=key), [one for one in records if _text(one, "ordering_key") == key]
    for batch in sorted({_text(one, "batch_id") or "none" for one in records}):
        yield StatsRequest(batch_id=batch), [one for one in records if _text(one, "batch_id") == batch]


def _tenants(changes: list[Change]) -> list[str]:
    found = {_text(after, "tenant") for _, after in changes if after}
    return sorted({*CALLERS, *filter(None, found)} - {""})


def _statuses(records: list[Record]) -> dict[str, int]:
    tally = Counter(record["status"]["S"] for record in records)
    return {status: tally[status] for status in ("queued", "parked", "processing", *FINAL)}


def _types(records: list[Record]) -> dict[str, dict[str, int]]:
    types = {record["type"]["S"] for record in records}
    return {name: _statuses([one for one in records if one["type"]["S"] == name]) for name in types}


def _flows(changes: list[Change], view: View) -> dict[str, int]:
    """What happened: tasks were accepted, and came to an end."""
    tally = Counter[str]()
    for before, after in changes:
        if after is None or not view.shows(_text(after, "tenant")):
            continue
        tally["accepted"] += before is None
        status = after["status"]["S"]
        if status in FINAL and (before is None or before["status"]["S"] != status):
            tally[status] += 1
    return {flow: tally[flow] for flow in ("accepted", *FINAL)}


def _text(record: Record, name: str) -> str | None:
    return record[name]["S"] if name in record else None
