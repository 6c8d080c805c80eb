"""The state of a CloudWatch alarm, computed as CloudWatch does.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html. Periods begin at whole multiples
of their length; the current period counts as soon as it has data.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

from local.program.declarations.model import AlarmDeclaration

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"
COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def first_period(alarm: AlarmDeclaration, now: float) -> int:
    """The start of the oldest period that the alarm's state depends on, in epoch seconds."""
    return _current(alarm, now) - alarm.periods * alarm.period


def state_of(alarm: AlarmDeclaration, values: Mapping[int, float], now: float, before: str) -> str:
    """The alarm's state. `values` are the statistic by the start of the period; `before` is the last state."""
    current = _current(alarm, now)
    newest = current if current in values else current - alarm.period
    periods = [values.get(newest - number * alarm.period) for number in range(alarm.periods)]
    present = [value for value in periods if value is not None]
    compare = COMPARISONS[alarm.comparison]
    breaching = [compare(value, alarm.threshold) for value in present]
    breaching += [alarm.missing == "breaching"] * (len(periods) - len(present))
    if not present and alarm.missing in ("missing", "ignore"):
        return UNKNOWN if alarm.missing == "missing" else before
    if alarm.missing in ("missing", "ignore"):
        breaching = breaching[: len(present)]
    return ALARM if all(breaching) else OK


def _current(alarm: AlarmDeclaration, now: float) -> int:
    return int(now // alarm.period) * alarm.period
