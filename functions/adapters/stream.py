"""The task table's stream: records as Lambda delivers them, read as changes of tasks.

A record holds the item before and after a write, in DynamoDB's own JSON:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from functions.adapters.clients import CORRELATION_ID
from functions.tasks.clock import timestamp
from functions.tasks.events.event import Change, UnreadableChange
from functions.tasks.events.publishing import StreamRecord
from functions.tasks.events.samples import ENDS, EndedTask
from functions.tasks.model import Status

Item = Mapping[str, Any]


def read_record(record: Mapping[str, Any]) -> StreamRecord:
    """A record of the stream, with the change that it describes or the reason why it cannot be read."""
    sequence_number = record["dynamodb"]["SequenceNumber"]
    return StreamRecord(
        position=sequence_number,
        change=_change(record),
        source={
            "event_id": record.get("eventID"),
            "stream": record.get("eventSourceARN"),
            "sequence_number": sequence_number,
            "keys": record["dynamodb"].get("Keys"),
        },
    )


def read_ended(record: Mapping[str, Any]) -> EndedTask | None:
    """The task that a record of the stream has ended; None for any other change, and for one that cannot be read."""
    try:
        new: Item = record["dynamodb"].get("NewImage") or {}
        old: Item = record["dynamodb"].get("OldImage") or {}
        if "body" not in new or new["status"] == old.get("status") or _text(new, "status") not in ENDS:
            return None
        return _ended(record, new)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None  # its event is set aside, which says so


def _ended(record: Mapping[str, Any], new: Item) -> EndedTask:
    history = [_plain(entry) for entry in new["history"]["L"]]
    return EndedTask(
        event_id=record["eventID"],
        task_id=_text(new, "task_id"),
        status=_text(new, "status"),
        type=_text(new, "type"),
        ordering_key=_text(new, "ordering_key"),
        attempts=int(new["attempts"]["N"]),
        execution=next((entry["execution"] for entry in reversed(history) if "execution" in entry), ""),
        body=_text(new, "body"),
        result=_text(new, "result") if "result" in new else None,
        error=_plain(new["error"]) if "error" in new and _text(new, "status") == Status.FAILED else None,
        runs=tuple(entry for entry in history if "error" in entry),
        correlation_id=_text(new, CORRELATION_ID) if CORRELATION_ID in new else None,
    )


def _plain(attribute: Item) -> Any:
    """A value of a record without DynamoDB's types, as far as records have them."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return {name: _plain(one) for name, one in value.items()}
    return json.loads(value) if kind == "N" else value


def _change(record: Mapping[str, Any]) -> Change | UnreadableChange | None:
    try:
        new: Item = record["dynamodb"].get("NewImage") or {}
        old: Item = record["dynamodb"].get("OldImage") or {}
        # A task's record has both from its first write on; other items in the table are ignored.
        if "status" not in new or "body" not in new or new["status"] == old.get("status"):
            return None
        return _read(record, new, old)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        return UnreadableChange.from_error(error)


def _read(record: Mapping[str, Any], new: Item, old: Item) -> Change:
    written_at = datetime.fromtimestamp(record["dynamodb"].get("ApproximateCreationDateTime", 0), UTC)
    error = new["error"]["M"] if "error" in new else None
    return Change(
        event_id=record["eventID"],
        task_id=_text(new, "task_id"),
        status=_text(new, "status"),
        previous_status=_text(old, "status") if "status" in old else None,
        written_at=timestamp(written_at),
        type=_text(new, "type"),
        priority=_text(new, "priority"),
        ordering_key=_text(new, "ordering_key"),
        attempts=int(new["attempts"]["N"]),
        error={name: _text(error, name) for name in error} if error is not None else None,
        history=tuple((_text(entry["M"], "status"), _text(entry["M"], "at")) for entry in new["history"]["L"]),
    )


def _text(item: Item, name: str) -> str:
    text = item[name]["S"]
    if not isinstance(text, str):
        raise TypeError(name)
    return text
