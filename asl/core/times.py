"""Timestamps: parses those of Wait states and formats those of the context object."""

import re
from datetime import UTC, datetime
from typing import Final

_EXTENDED: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d(?::\d\d)?)", re.IGNORECASE
)


def parse_timestamp(text: str) -> float | None:
    """The epoch seconds of an ISO 8601 extended date-time with an offset; `None` for any other text."""
    found = _EXTENDED.fullmatch(text)
    if found is None:
        return None
    minutes, seconds, fraction, offset = found.groups()
    zone = "+00:00" if offset in "Zz" else offset
    try:
        moment = datetime.fromisoformat(f"{minutes}:{seconds or '00'}{zone}")
    except ValueError:
        return None
    return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


def iso_time(moment: float) -> str:
    """Epoch seconds as in the context object: UTC with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
