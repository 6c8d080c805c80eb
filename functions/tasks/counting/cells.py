"""What is counted: each record contributes to a few cells, and a change of a record moves it from some to others."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.tasks.model import Status
from functions.tasks.tenancy import EVERYTHING, Tenant, View

SLOTS = 12  # per bucket: what is counted in it is known to a twelfth of its length


class Kind(StrEnum):
    """What the tasks of a cell have in common, besides tenant and type; or the length of a bucket of time."""

    TASKS = "tasks"
    KEY = "key"
    BATCH = "batch"
    MINUTE = "minute"
    HOUR = "hour"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Counters that are stored together.

    `subject` is the ordering key, the batch's id, or the start of the bucket (`2026-11-21T12:00`, `2026-11-21T12`).
    Buckets have no type, and exist for each tenant and for everyone. A cell of open tasks is about a minute of a
    tenant's list by time: with a number for each second, and `OPEN_TASKS` for all of it.
    """

    kind: Kind
    view: View
    subject: str = ""
    type: str = ""


Counter = tuple[Cell, str]
"""One number: in a cell of tasks the one of a status, in a bucket that of a flow and a slot."""
OPEN_TASKS, SECOND = "open", "open_at"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A record as it counts. Times are UTC, ISO 8601; those that cannot be read are None.

    `open_at` is when an open task was accepted, if only the list by time and these counts lead to it
    (`functions/adapters/task_table/indexes.py`).
    """

    status: Status
    type: str
    ordering_key: str
    tenant: Tenant
    batch_id: str | None
    created_at: datetime | None
    finished_at: datetime | None
    has_own_key: bool
    open_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RecordChange:
    """A write to the table: what the record counted as before and after, None for nothing; `is_new` if it was created.

    `position` is its place in the shard of the stream, where it grows.
    """

    position: int
    before: Counted | None
    after: Counted | None
    is_new: bool = False


def moves(change: RecordChange) -> Iterator[tuple[Counter, int]]:
    """What to add to which counter. Nothing, if the record counts as it did before."""
    if change.before and change.after and _place(change.before) == _place(change.after):
        return
    for record, amount in ((change.before, -1), (change.after, 1)):
        if record:
            for counter in _counters(record):
                yield counter, amount
    if change.after:
        yield from _flows(change, change.after)


def _place(record: Counted) -> tuple[object, ...]:
    return record.status, record.type, record.ordering_key, record.tenant, record.batch_id, record.open_at


def _counters(record: Counted) -> Iterator[Counter]:
    for cell in _cells(record):
        yield cell, record.status
    if record.open_at:
        minute = record.open_at.strftime("%Y-%m-%dT%H:%M")
        cell = Cell(kind=Kind.OPEN, view=View(tenant=record.tenant), subject=minute)
        yield cell, OPEN_TASKS
        yield cell, slot_name(SECOND, record.open_at.second)


def _cells(record: Counted) -> Iterator[Cell]:
    """A key that no other task has is not worth a counter: it would cost more than the task's own record."""
    view = View(tenant=record.tenant)
    yield Cell(kind=Kind.TASKS, view=view, type=record.type)
    if not record.has_own_key:
        yield Cell(kind=Kind.KEY, view=view, type=record.type, subject=record.ordering_key)
    if record.batch_id is not None:
        yield Cell(kind=Kind.BATCH, view=view, type=record.type, subject=record.batch_id)


def _flows(change: RecordChange, after: Counted) -> Iterator[tuple[Counter, int]]:
    """What happened: the task was accepted, or it came to its end."""
    if change.is_new and after.created_at:
        yield from _buckets(ACCEPTED, after.created_at, after.tenant)
    ended = after.status in ENDS and (change.before is None or change.before.status != after.status)
    if ended and after.finished_at:
        yield from _buckets(after.status, after.finished_at, after.tenant)


ACCEPTED = "accepted"
ENDS = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
FLOWS = (ACCEPTED, *ENDS)


def _buckets(flow: str, at: datetime, tenant: Tenant) -> Iterator[tuple[Counter, int]]:
    for view in (View(tenant=tenant), EVERYTHING):
        minute = Cell(kind=Kind.MINUTE, view=view, subject=at.strftime("%Y-%m-%dT%H:%M"))
        yield (minute, slot_name(flow, at.second * SLOTS // 60)), 1
        hour = Cell(kind=Kind.HOUR, view=view, subject=at.strftime("%Y-%m-%dT%H"))
        yield (hour, slot_name(flow, at.minute * SLOTS // 60)), 1


def slot_name(flow: str, slot: int) -> str:
    """The counter of a flow in one slot of a bucket."""
    return f"{flow}_{slot}"
