"""The task table's stream, read as what each record counted as before and after a write.

Reading never fails: what cannot be read counts as nothing, before and after alike, so that the counts stay consistent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from functions.adapters.task_table.indexes import BY_STATUS, COUNTED, HASH_KEYS, RANGE_KEY, list_prefix
from functions.tasks.counting.cells import Counted, RecordChange
from functions.tasks.model import OPEN, Status

# A producer that sends to the queue directly may write anything into these fields; keys are limited.
MAX_NAME_CHARACTERS = 128
SECOND_FORMAT, SECOND_CHARACTERS = "%Y-%m-%dT%H:%M:%S", 19
Item = Mapping[str, Any]


def read_change(record: Mapping[str, Any]) -> RecordChange:
    """The change that a record of the stream describes."""
    change: Item = record["dynamodb"]
    old: Item | None = change.get("OldImage")
    return RecordChange(
        position=int(change["SequenceNumber"]),
        before=counted(old),
        after=counted(change.get("NewImage")),
        is_new=not old,
    )


def counted(item: Item | None) -> Counted | None:
    """What an item counts as. Records from before there were counts have no mark until they are claimed again."""
    if not item or COUNTED not in item:
        return None
    try:
        return _counted(item)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _counted(item: Item) -> Counted:
    ordering_key = _text(item, "ordering_key")
    status = Status(_text(item, "status"))
    return Counted(
        status=status,
        type=_text(item, "type")[:MAX_NAME_CHARACTERS],
        ordering_key=ordering_key[:MAX_NAME_CHARACTERS],
        tenant=_text(item, "tenant") if "tenant" in item else None,
        batch_id=_text(item, "batch_id") if "batch_id" in item else None,
        created_at=_moment(item, "created_at"),
        finished_at=_moment(item, "finished_at"),
        has_own_key=ordering_key == _text(item, "task_id"),
        open_at=_open_at(item) if status in OPEN else None,
    )


def _open_at(item: Item) -> datetime | None:
    """The second of an open task in the list by time. One that is in the index by status is found there."""
    if HASH_KEYS[BY_STATUS] in item or RANGE_KEY not in item:
        return None
    position = _text(item, RANGE_KEY).removeprefix(list_prefix(_text(item, "tenant") if "tenant" in item else None))
    try:
        return datetime.strptime(position[:SECOND_CHARACTERS], SECOND_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _moment(item: Item, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(item, name)).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def _text(item: Item, name: str) -> str:
    text = item[name]["S"]
    if not isinstance(text, str):
        raise TypeError(name)
    return text
