"""What a stage costs in a month in which no task comes."""

from __future__ import annotations

from collections.abc import Iterator

from infrastructure.cost.declared import Declared
from infrastructure.cost.measured import Measured
from infrastructure.cost.rows import Charge

HIGH_RESOLUTION_SECONDS = 60
MINUTES = 30 * 24 * 60


def monthly(declared: Declared, measured: Measured) -> Iterator[Charge]:
    """All charges of a month of thirty days. A clock that ticks runs a function; the rest waits for tasks."""
    alarms = declared.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    fast = sum(_is_fast(int(alarm.get("period") or 60)) for alarm in alarms)
    for name, count, price in (
        ("alarms", len(alarms) - fast, "alarm"),
        ("alarms below a minute", fast, "fast_alarm"),
        ("composite alarms", len(declared.all("aws:cloudwatch/compositeAlarm:CompositeAlarm")), "composite_alarm"),
        ("dashboards", len(declared.all("aws:cloudwatch/dashboard:Dashboard")), "dashboard"),
        ("custom metrics", len(measured.metrics), "metric"),
        ("ticks of the clock", MINUTES * len(_clocks(declared)), "lambda_request"),
    ):
        if count:
            yield Charge(group="month", name=name, quantity=count, price=price)


def _is_fast(period: int) -> bool:
    return period < HIGH_RESOLUTION_SECONDS


def _clocks(declared: Declared) -> list[str]:
    rules = declared.all("aws:cloudwatch/eventRule:EventRule")
    return [rule["scheduleExpression"] for rule in rules if rule.get("scheduleExpression") == "rate(1 minute)"]
