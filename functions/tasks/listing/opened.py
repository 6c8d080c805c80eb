"""Where open tasks are in the list by time, newest first.

The counts say in which seconds tasks were accepted that are open (`functions/tasks/counting/`), so that one task among
many that are done is found without going through these. But they follow the records, by a delay that the stage sets,
and by more when something is wrong. So what they may not know yet is searched whole: the last seconds, and any five
seconds with more entries in the list than the counts say were accepted. The newest entries are compared until there is
a stretch without such a difference: what is older is counted as well, because a stream is counted in its order.

Positions are those of the list by time: what a tenant's positions begin with, and the time, `2026-11-21T12:00:37`.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

STRETCHES = (640, 6400, 64_000)
"""How many entries are compared at first, and how many when these show too little, or the counts to be behind."""
# A stream keeps what is not counted for a day.
UNCOUNTED_AT_MOST = timedelta(hours=24)
SLOT_SECONDS = 5
MOST_JOINED = 300
_FORMAT = "%Y-%m-%dT%H:%M:%S"
_CHARACTERS = 19
_END = "~"  # after every position that begins like this


@dataclass(frozen=True, kw_only=True)
class Span:
    """The positions from `first` on and before `end`."""

    first: str
    end: str

    def clipped(self, first: str, end: str) -> "Span":
        """The part of it in this range, which may be empty."""
        return Span(first=max(self.first, first), end=min(self.end, end))

    def __bool__(self) -> bool:
        return self.first < self.end


@dataclass(frozen=True, kw_only=True)
class Entries:
    """The newest positions before an end, and `since`: from there on they are complete."""

    positions: Sequence[str]
    since: str


class OpenCounts(Protocol):
    """What is counted of open tasks. Every method raises `Unavailable` when the store does not respond.

    A tenant is named by its `prefix`: what its positions begin with. Times are without it.
    """

    def prefixes(self) -> Sequence[str]:
        """The tenants of which tasks were ever counted."""
        ...

    def open_seconds(self, prefix: str, end: str) -> Iterator[str]:
        """The seconds before `end` in which tasks were accepted that are open, newest first, fetched lazily."""
        ...

    def accepted(self, prefix: str, first: str, last: str) -> Mapping[str, int]:
        """How many tasks were accepted in each five seconds, by their start, at least from `first` to `last`."""
        ...


class TimeList(Protocol):
    """The list by time. It raises `Unavailable` when the store does not respond."""

    def newest(self, first: str, end: str, count: int) -> Entries:
        """About `count` of the newest positions from `first` on and before `end`."""
        ...


@dataclass(frozen=True, kw_only=True)
class OpenSearch:
    """A search for open tasks. What is older than `delay` should be counted; `now` is the time."""

    counts: OpenCounts
    entries: TimeList
    delay: timedelta
    now: datetime

    def of_tenant(self, prefix: str, whole: Span) -> Iterator[Span]:
        """The spans of `whole` that can have open tasks of this tenant, newest first."""
        fresh = prefix + _slot(_text(self.now - self.delay))
        yield from _filled(whole.clipped(fresh, whole.end))
        yield from self._counted(prefix, whole.clipped(whole.first, fresh))

    def of_everyone(self, whole: Span) -> Iterator[Span]:
        """The same of all tenants. Between those that are counted there may be others, all of whose tasks are new."""
        end = whole.end
        for prefix in sorted(self.counts.prefixes(), reverse=True):
            own = whole.clipped(prefix, end)
            if own:
                yield from self.of_tenant(prefix, own)
                end = own.first
        yield from _filled(whole.clipped(whole.first, end))

    def _counted(self, prefix: str, whole: Span) -> Iterator[Span]:
        """In what should be counted: the seconds that have open tasks, and what is not counted nevertheless."""
        if not whole:
            return
        # In this order: a task that is counted in between would otherwise be in neither.
        uncounted = self._uncounted(prefix, whole)
        seconds = self.counts.open_seconds(prefix, whole.end.removeprefix(prefix))
        opened = (Span(first=prefix + second, end=prefix + _later(second, 1)) for second in seconds)
        for span in _joined(heapq.merge(uncounted, opened, key=_end_of, reverse=True)):
            if span.end <= whole.first:
                return
            yield from _filled(span.clipped(whole.first, whole.end))

    def _uncounted(self, prefix: str, whole: Span) -> list[Span]:
        """What may have tasks that are not counted, newest first."""
        oldest = prefix + _slot(_text(self.now - UNCOUNTED_AT_MOST))
        end = prefix + _slot_end(whole.end.removeprefix(prefix))
        compared = Span(first=max(oldest, whole.first), end=end)
        if not compared:
            return []
        for count in STRETCHES:
            found = self.entries.newest(compared.first, compared.end, count)
            slots = self._compared(prefix, found)
            if found.since == compared.first or _is_counted_before(slots, found, prefix):
                behind = sorted((slot for slot, is_behind in slots.items() if is_behind), reverse=True)
                return [Span(first=prefix + slot, end=prefix + _later(slot, SLOT_SECONDS)) for slot in behind]
        return [compared]

    def _compared(self, prefix: str, found: Entries) -> Mapping[str, bool]:
        """The slots of which all entries were found, and whether these are more than are counted."""
        seconds = Counter(position.removeprefix(prefix)[:_CHARACTERS] for position in found.positions)
        slots = Counter[str]()
        for second, entries in seconds.items():
            slots[_slot(second)] += entries
        if not slots:
            return {}
        accepted = self.counts.accepted(prefix, min(slots), max(slots))
        return {
            slot: entries > accepted.get(slot, 0) for slot, entries in slots.items() if prefix + slot >= found.since
        }


def _is_counted_before(slots: Mapping[str, bool], found: Entries, prefix: str) -> bool:
    """Whether the older half of the entries, if any slot of it is complete, has nothing that is not counted."""
    middle = sorted(found.positions)[len(found.positions) // 2].removeprefix(prefix)
    older = [is_behind for slot, is_behind in slots.items() if slot <= middle]
    return bool(older) and not any(older)


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    """Spans in descending order of their ends, those that meet as one: each costs as many queries as any.

    Not too many at once, because they are fetched lazily.
    """
    last: Span | None = None
    joined = 0
    for span in spans:
        if last and span.end >= last.first and joined < MOST_JOINED:
            last = Span(first=min(span.first, last.first), end=last.end)
            joined += 1
            continue
        if last:
            yield last
        last, joined = span.clipped(span.first, last.first if last else span.end), 0
    if last:
        yield last


def _filled(span: Span) -> Iterator[Span]:
    if span:
        yield span


def _end_of(span: Span) -> str:
    return span.end


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_FORMAT)


def _slot(time: str) -> str:
    """The start of the five seconds of this time. What is no time is a slot of its own."""
    start = _moment(time)
    return _text(start - timedelta(seconds=start.second % SLOT_SECONDS)) if start else time


def _slot_end(time: str) -> str:
    """The end of the five seconds in which this time is, if it is not their start."""
    start = _slot(time)
    return time if start == time else _later(start, SLOT_SECONDS)


def _later(time: str, seconds: int) -> str:
    moment = _moment(time)
    return _text(moment + timedelta(seconds=seconds)) if moment else time + _END


def _moment(time: str) -> datetime | None:
    try:
        return datetime.strptime(time[:_CHARACTERS], _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
