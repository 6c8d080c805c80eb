"""Times, durations, sizes and ids in words. Every time has a zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

_UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))
_SHORT_ID = 16
NONE = "\u2013"  # what is not known


def moment(text: str | None) -> datetime | None:
    """The time that the API wrote; None if it wrote none, or none that can be read."""
    try:
        parsed = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return parsed if parsed is None or parsed.tzinfo else parsed.replace(tzinfo=UTC)


def clock(at: datetime, zone: tzinfo, *, now: datetime, exact: bool) -> str:
    """A time in a zone, with its date unless it is of today; `exact` adds milliseconds."""
    local = at.astimezone(zone)
    day = "" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d} "
    fraction = f".{local.microsecond // 1000:03}" if exact else ""
    return f"{day}{local:%H:%M:%S}{fraction} {zone_name(local)}"


def full(at: datetime, zone: tzinfo) -> str:
    """The whole time with milliseconds."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    """`UTC`, `CET`, or the offset where the zone has no letters."""
    name = local.tzname() or "UTC"
    return name if name.isalpha() else f"UTC{local:%z}"[:6]


def duration(seconds: float | None) -> str:
    """A span of time with two significant parts at most: `42 ms`, `8.5 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds is None:
        return NONE
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return _long(seconds)


def _long(seconds: float) -> str:
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    if whole < 2 * 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def between(start: str | None, end: str | None) -> float | None:
    """Seconds from one time of the API to another, None unless both are known; never negative."""
    first, last = moment(start), moment(end)
    return max(0.0, (last - first).total_seconds()) if first and last else None


def size(number: int) -> str:
    """Bytes in words."""
    if number < 1024:
        return f"{number} B"
    return f"{number / 1024:.1f} KiB" if number < 1024 * 1024 else f"{number / 1024 / 1024:.1f} MiB"


def count(number: float | None, more: bool = False) -> str:
    """A number with thin groups; `more` says that there may be more than that."""
    text = NONE if number is None else f"{number:,.0f}".replace(",", "\u202f")
    return f"{text} or more" if more else text


def plural(number: int, one: str, many: str = "") -> str:
    """`1 task`, `2 tasks`."""
    return f"{count(number)} {one if number == 1 else many or f'{one}s'}"


def short(identifier: str) -> str:
    """A long id with its middle left out: what tells ids apart is at their ends."""
    if len(identifier) <= _SHORT_ID + 3:
        return identifier
    return f"{identifier[:8]}…{identifier[-6:]}"
