"""Durations, times and counts as people read them; and text that cannot harm the terminal it is shown on."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAKS = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


def harmless(text: str) -> str:
    """Without control characters, which could rewrite what the terminal shows: they are written as escapes."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def one_line(text: str) -> str:
    """For a cell of a tab-separated line: tabs and line breaks are written as escapes."""
    return harmless(text.translate(_BREAKS))


def moment(text: str | None) -> datetime | None:
    """A time of the API; None if it is missing."""
    return datetime.fromisoformat(text) if text else None


def seconds_between(start: str | None, end: str | None) -> float | None:
    """How long it took; None if either is missing."""
    first, last = moment(start), moment(end)
    return (last - first).total_seconds() if first and last else None


def duration(seconds: float | None) -> str:
    """`350 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`; empty for None."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return _large(round(seconds))


def _large(seconds: int) -> str:
    for large, small, one, other in ((86400, 3600, "d", "h"), (3600, 60, "h", "min"), (60, 1, "min", "s")):
        if seconds >= large:
            rest = seconds % large // small
            return f"{seconds // large} {one} {rest} {other}" if rest else f"{seconds // large} {one}"
    return f"{seconds} s"


def roughly(seconds: float | None) -> str:
    """`40 s`, `3 min`, `2 h`, `5 d`: for what changes while one looks; empty for None."""
    if seconds is None:
        return ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def local_time(text: str | None) -> str:
    """A time in this machine's zone, which is written with it; empty for None."""
    found = moment(text)
    return found.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") if found else ""


def age(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds since a time."""
    found = moment(text)
    return max(0.0, ((now or datetime.now(UTC)) - found).total_seconds()) if found else None


def count(number: int, one: str, many: str = "") -> str:
    """`1 task`, `1,200 tasks`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
