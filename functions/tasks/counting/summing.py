"""Reading the counts: of all tasks that a view shows, of one ordering key, or of one batch."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from functions.tasks.clock import timestamp
from functions.tasks.counting.cells import FLOWS, SLOTS, Kind, slot_name
from functions.tasks.counting.model import FlowCounts, Stats, StatsRequest, StatusCounts
from functions.tasks.model import Status
from functions.tasks.tenancy import View

LENGTH = {Kind.MINUTE: timedelta(minutes=1), Kind.HOUR: timedelta(hours=1)}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """What happened in a minute or an hour from `start` on: amounts by counter (`slot_name`)."""

    start: datetime
    amounts: Mapping[str, int]


class StoredCounts(Protocol):
    """Where counts are read. Every method raises `Unavailable` when the store does not respond."""

    def tasks(self, kind: Kind, view: View, subject: str = "") -> Iterable[tuple[str, Mapping[str, int]]]:
        """Task types with the number of tasks in each status; a type may come several times."""
        ...

    def buckets(self, kind: Kind, view: View, since: datetime) -> Iterable[Bucket]:
        """The buckets that begin at `since` or later; several may have the same start."""
        ...


def read_stats(request: StatsRequest, view: View, counts: StoredCounts, now: datetime) -> Stats:
    """What was asked for; what happened lately only of all tasks, which alone is kept by time."""
    shown = request.narrowed(view)
    by_type = _by_type(counts.tasks(*_cells(request, shown)))
    lately = {} if request.is_narrow else _lately(counts, shown, now)
    return Stats(
        by_status=_statuses(sum(by_type.values(), Tally[str]())),
        by_type={name: _statuses(tally) for name, tally in sorted(by_type.items()) if any(tally.values())},
        as_of=timestamp(now),
        **lately,
    )


def _cells(request: StatsRequest, view: View) -> tuple[Kind, View, str]:
    if request.ordering_key is not None:
        return Kind.KEY, view, request.ordering_key
    if request.batch_id is not None:
        return Kind.BATCH, view, request.batch_id
    return Kind.TASKS, view, ""


def _by_type(found: Iterable[tuple[str, Mapping[str, int]]]) -> dict[str, Tally[str]]:
    by_type: dict[str, Tally[str]] = {}
    for name, amounts in found:
        by_type.setdefault(name, Tally()).update(amounts)
    return by_type


def _statuses(tally: Mapping[str, int]) -> StatusCounts:
    return StatusCounts(**{status: tally.get(status, 0) for status in Status})


def _lately(counts: StoredCounts, view: View, now: datetime) -> dict[str, FlowCounts]:
    """Minutes for the last minute and hour, hours for the last day; the first slot counts if any of it is in time."""
    minutes = list(_slots(Kind.MINUTE, counts.buckets(Kind.MINUTE, view, now - timedelta(minutes=61))))
    hours = list(_slots(Kind.HOUR, counts.buckets(Kind.HOUR, view, now - timedelta(hours=25))))
    return {
        "last_minute": _flows(minutes, now - timedelta(minutes=1)),
        "last_hour": _flows(minutes, now - timedelta(hours=1)),
        "last_day": _flows(hours, now - timedelta(days=1)),
    }


def _slots(kind: Kind, buckets: Iterable[Bucket]) -> Iterator[tuple[datetime, str, int]]:
    """The end of each slot, and what was counted in it."""
    length = LENGTH[kind] / SLOTS
    for bucket in buckets:
        for slot in range(SLOTS):
            for flow in FLOWS:
                if amount := bucket.amounts.get(slot_name(flow, slot)):
                    yield bucket.start + (slot + 1) * length, flow, amount


def _flows(slots: Iterable[tuple[datetime, str, int]], since: datetime) -> FlowCounts:
    tally = Tally[str]()
    for end, flow, amount in slots:
        if end > since:
            tally[flow] += amount
    return FlowCounts(**{flow: tally[flow] for flow in FLOWS})
