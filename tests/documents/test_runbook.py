"""Every alarm has its entry in the runbook, and the runbook has no other."""

from __future__ import annotations

import re

from local.host.options import PROJECT_ROOT
from tests.infrastructure.recording import Stack

PREFIX = "taskline-dev-"
ALARMS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "alarmName",
}


def section() -> str:
    runbook = (PROJECT_ROOT / "docs/guides/operations.md").read_text(encoding="utf-8")
    return runbook.partition("## When things go wrong")[2].partition("### Every alarm")[2]


def alarms(stack: Stack, *, alerting: bool) -> set[str]:
    """The names of the alarms that people are notified of, or of the others."""
    return {
        resource.inputs[ALARMS[resource.type]].removeprefix(PREFIX)
        for resource in stack
        if resource.type in ALARMS
        and any("alerts" in action for action in resource.inputs.get("alarmActions", ())) == alerting
    }


def test_every_alarm_that_notifies_people_has_an_entry_and_no_entry_is_left_over(stack: Stack):
    first_cells = re.findall(r"^\| (`[^|]*`) \|", section(), re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", " ".join(first_cells))) == alarms(stack, alerting=True)


def test_every_other_alarm_is_named(stack: Stack):
    named = set(re.findall(r"`([\w-]+)`", section().partition("Parts of other alarms")[2]))
    assert named == alarms(stack, alerting=False)
