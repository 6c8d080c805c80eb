"""What an event says, in the forms of AWS: its details as in a log, and the whole of it as in GetExecutionHistory."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Final

from asl.core.templates import Json, compact
from asl.execution.history import HistoryEvent

_DATA: Final = {"input", "output", "parameters", "assignedVariables"}
"""Details that hold execution data. They are JSON texts for whoever reads them."""

_MOST_ESCAPED: Final = 6
"""Bytes that one character may take, as in `\\u0001`."""


def history_record(event: HistoryEvent, include_data: bool = True) -> dict[str, Any]:
    """An event as GetExecutionHistory answers it, which cuts nothing. The time is in epoch seconds."""
    details = details_of(event.details, include_data)
    # Types without details, such as TaskStateAborted, have no member for them.
    named = {_details_name(event.type): details} if event.details or event.type.startswith("Execution") else {}
    return {
        "timestamp": round(event.timestamp, 3),
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous_event_id,
        **named,
    }


def _details_name(kind: str) -> str:
    """`TaskStateEntered` and its like share one member; any other type has its own."""
    for ending in ("StateEntered", "StateExited"):
        if kind.endswith(ending):
            kind = ending
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def details_of(details: Mapping[str, Any], include_data: bool, most: int | None = None) -> dict[str, Json]:
    """The details of an event, with data as texts of at most so many bytes, escaped, or without data."""
    result: dict[str, Json] = {}
    for key, value in details.items():
        if key not in _DATA:
            result[key] = value
        elif include_data:
            result |= _data(key, value, most)
    return result


def _data(key: str, value: Json, most: int | None) -> dict[str, Json]:
    if key == "assignedVariables":
        text, truncated = _variables(value, most)
    else:
        whole = compact(value)
        text = _cut(whole, most)
        truncated = len(text) < len(whole)
    return {key: text} if key == "parameters" else {key: text, f"{key}Details": {"truncated": truncated}}


def _variables(values: Mapping[str, Json], most: int | None) -> tuple[dict[str, str], bool]:
    """The text of each variable, and whether any was cut: they share the bytes of one detail."""
    texts: dict[str, str] = {}
    left, truncated = most, False
    for name, value in values.items():
        whole = compact(value)
        texts[name] = _cut(whole, left)
        left = None if left is None else left - _escaped_size(texts[name])
        truncated = truncated or len(texts[name]) < len(whole)
    return texts, truncated


def _cut(text: str, most: int | None) -> str:
    """The longest beginning that has at most so many bytes when it is escaped."""
    if most is None or len(text) * _MOST_ESCAPED <= most or _escaped_size(text) <= most:
        return text
    return text[: bisect_right(range(len(text)), most, key=lambda end: _escaped_size(text[:end])) - 1]


def _escaped_size(text: str) -> int:
    return len(compact(text).encode("utf-8", "replace")) - 2
