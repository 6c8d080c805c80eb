"""Every alarm has its entry in the runbook, and the runbook has no other."""

from __future__ import annotations

import re

import pytest

from functions.tasks.intake.submission import MAX_BODY_BYTES
from local.host.options import PROJECT_ROOT
from tests.infrastructure.recording import Stack
from tests.infrastructure.stages import evaluated

PREFIX = "taskline-dev-"
DAY = 24 * 3600
ALARMS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "alarmName",
}


def runbook(heading: str) -> str:
    """The runbook from this heading on."""
    text = (PROJECT_ROOT / "docs/guides/operations.md").read_text(encoding="utf-8")
    return text.partition("## When things go wrong")[2].partition(f"### {heading}")[2]


def section() -> str:
    return runbook("Every alarm")


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


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_how_long_a_message_that_does_not_fit_holds_its_key_follows_from_the_settings(stage: str):
    queue = evaluated(stage).one("aws:sqs/queue:Queue", "tasks-queue")
    seconds = int(queue.inputs["visibilityTimeoutSeconds"] * queue.json("redrivePolicy")["maxReceiveCount"])
    text = " ".join(runbook("A message that does not fit").split())
    assert 1 <= seconds / DAY <= 3, "more would outlast the message itself"
    assert "after three days" in text
    assert f"more than {MAX_BODY_BYTES // 1024} KiB" in text
