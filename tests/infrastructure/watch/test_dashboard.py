"""The dashboard: four sections, no widget over another, and every metric of AWS is about what the stack has.

That somebody writes its metrics is the matter of test_metrics.py, and of tests/local/watching/test_watching.py.
"""

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from infrastructure.watch.widgets import COLUMNS, MAX_ALARMS, alarm_status
from tests.infrastructure.recording import Stack

Body = list[dict[str, Any]]
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
SECTIONS = ["Overview", "Tasks", "Errors", "Performance"]


@pytest.fixture(scope="module")
def body(stack: Stack) -> Body:
    return json.loads(stack.one(DASHBOARD, "dashboard-dashboard").inputs["dashboardBody"])["widgets"]


def rows(body: Body) -> Iterator[tuple[str, list[Any]]]:
    for widget in body:
        for row in widget["properties"].get("metrics", []):
            yield widget["properties"]["title"], row


def section_of(body: Body) -> dict[str, list[str]]:
    """The titles below each heading."""
    found: dict[str, list[str]] = {}
    for widget in sorted(body, key=lambda one: (one["y"], one["x"])):
        if widget["type"] == "text":
            found[widget["properties"]["markdown"].splitlines()[0].removeprefix("# ")] = []
        else:
            found[list(found)[-1]].append(widget["properties"]["title"])
    return found


def test_there_are_four_sections_with_something_in_each(body: Body) -> None:
    found = section_of(body)
    assert list(found) == SECTIONS
    assert all(len(titles) >= 6 for titles in found.values()), found
    titles = [title for titles in found.values() for title in titles]
    assert len(titles) == len(set(titles)), "two widgets with one title"


def test_no_widget_lies_over_another_or_over_the_edge(body: Body) -> None:
    for one in body:
        assert one["x"] >= 0
        assert one["x"] + one["width"] <= COLUMNS
        assert 1 <= one["height"] <= 1000
    for one, other in combinations(body, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or below, f"{one['properties']} covers {other['properties']}"


def test_every_alarm_that_notifies_is_shown(stack: Stack, body: Body) -> None:
    (widget,) = (one for one in body if one["type"] == "alarm")
    shown = [arn.rpartition(":")[2] for arn in widget["properties"]["alarms"]]
    metric = [one.inputs for one in stack.all("aws:cloudwatch/metricAlarm:MetricAlarm")]
    composite = [one.inputs for one in stack.all("aws:cloudwatch/compositeAlarm:CompositeAlarm")]
    notifying = [one.get("name") or one["alarmName"] for one in (*metric, *composite) if one.get("alarmActions")]
    assert sorted(shown) == sorted(notifying)


@pytest.mark.parametrize(("alarms", "widgets"), [(0, []), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_widget_takes_no_more_alarms_than_cloudwatch_does(alarms: int, widgets: list[int]) -> None:
    made = alarm_status("Alarms", [f"alarm-{n}" for n in range(alarms)])
    assert [len(one.properties["alarms"]) for one in made] == widgets
    assert MAX_ALARMS == 100


def test_executions_of_both_machines_are_shown_with_how_they_fail(stack: Stack, body: Body) -> None:
    shown = {(row[1], row[3]) for _, row in rows(body) if row[0] == "AWS/States" and len(row) > 4}
    for machine in (stack.exports["state_machine_arn"], stack.exports["long_state_machine_arn"]):
        for name in ("ExecutionsStarted", "ExecutionsFailed", "ExecutionsTimedOut"):
            assert (name, machine) in shown


def test_every_metric_of_aws_is_about_something_that_the_stack_has(stack: Stack, body: Body) -> None:
    inputs = [one.inputs for one in stack if one.custom]
    names = {str(given.get("name")) for given in inputs} | {"v1"}
    machines = (stack.exports[f"{kind}state_machine_arn"] for kind in ("", "long_"))
    named = {*names, *machines}
    for title, row in rows(body):
        if str(row[0]).startswith("AWS/"):
            assert {*row[3:-1:2]} <= named, f"{title}: {row}"
