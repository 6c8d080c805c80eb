"""The alarms that decide whether a release stays: those of the stage that operators are notified of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

PERIOD_SECONDS: Final = 30
# `make smoke` lets one task fail for good, so these say nothing about the release.
OF_SMOKE: Final = ("dead-letters",)


def ringing(cloudwatch: Any, prefix: str, topic: str) -> set[str]:
    """The names of the stage's alarms that are in the state ALARM and notify the topic of alerts."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{prefix}-", StateValue="ALARM", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [alarm for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(kind, [])]
    ours = {str(alarm["AlarmName"]) for alarm in found if topic in alarm.get("AlarmActions", [])}
    return ours - {f"{prefix}-{name}" for name in OF_SMOKE}


def first_new_alarm(
    look: Callable[[], set[str]], before: set[str], seconds: float, sleep: Callable[[float], None]
) -> set[str]:
    """Watch for so long, and return the alarms that were not there `before`, as soon as there are any."""
    left = seconds
    while not (new := look() - before) and left > 0:
        sleep(min(PERIOD_SECONDS, left))
        left -= PERIOD_SECONDS
    return new
