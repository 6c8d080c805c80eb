"""Alarms on the laptop: states as CloudWatch computes them, and each change set once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.program.declarations.model import AlarmDeclaration
from local.services.alarms.runner import AlarmEvaluator
from local.services.alarms.states import ALARM, OK, UNKNOWN, first_period, state_of

AN_ALARM = AlarmDeclaration(
    name="demo",
    namespace="Taskline",
    metric="TransientFailure",
    dimensions={"service": "processor"},
    statistic="Average",
    period=10,
    periods=1,
    threshold=0.5,
    comparison="GreaterThanOrEqualToThreshold",
    missing="notBreaching",
)
NOW = 1_000_005.0
CURRENT, BEFORE, LONG_AGO = 1_000_000, 999_990, 999_970


@pytest.mark.parametrize(
    ("values", "missing", "periods", "state"),
    [
        ({CURRENT: 0.5}, "notBreaching", 1, ALARM),
        ({CURRENT: 0.4}, "notBreaching", 1, OK),
        ({BEFORE: 1.0}, "notBreaching", 1, ALARM),
        ({BEFORE: 1.0, CURRENT: 0.0}, "notBreaching", 1, OK),
        ({LONG_AGO: 1.0}, "notBreaching", 1, OK),
        ({}, "notBreaching", 1, OK),
        ({}, "breaching", 1, ALARM),
        ({}, "missing", 1, UNKNOWN),
        ({}, "ignore", 1, "as before"),
        ({BEFORE: 1.0, CURRENT: 1.0}, "notBreaching", 2, ALARM),
        ({BEFORE: 0.0, CURRENT: 1.0}, "notBreaching", 2, OK),
        ({CURRENT: 1.0}, "notBreaching", 2, OK),
        ({CURRENT: 1.0}, "breaching", 2, ALARM),
        ({CURRENT: 1.0}, "missing", 2, ALARM),
        ({CURRENT: 0.0}, "missing", 2, OK),
    ],
)
def test_a_state_follows_from_the_evaluated_periods(
    values: dict[int, float], missing: str, periods: int, state: str
) -> None:
    alarm = replace(AN_ALARM, missing=missing, periods=periods)
    assert state_of(alarm, values, NOW, "as before") == state


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanOrEqualToThreshold", [OK, ALARM, ALARM]),
        ("GreaterThanThreshold", [OK, OK, ALARM]),
        ("LessThanThreshold", [ALARM, OK, OK]),
        ("LessThanOrEqualToThreshold", [ALARM, ALARM, OK]),
    ],
)
def test_a_threshold_is_compared_with_its_operator(comparison: str, states: list[str]) -> None:
    alarm = replace(AN_ALARM, comparison=comparison)
    assert [state_of(alarm, {CURRENT: value}, NOW, OK) for value in (0.4, 0.5, 0.6)] == states


def test_only_the_periods_that_an_alarm_depends_on_are_read() -> None:
    assert first_period(AN_ALARM, NOW) == BEFORE
    assert first_period(replace(AN_ALARM, periods=3), NOW) == LONG_AGO


class FakeCloudWatch:
    """Keeps states, and returns the same values for every query."""

    def __init__(self) -> None:
        self.states = {"demo": UNKNOWN, "slow": UNKNOWN}
        self.changes: list[tuple[str, str]] = []
        self.reasons: list[str] = []
        self.value = 0.0
        self.queried: list[int] = []
        self.cloudwatch = self

    def get_paginator(self, _: str) -> FakeCloudWatch:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"MetricAlarms": [{"AlarmName": name, "StateValue": state}]} for name, state in self.states.items()]

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        queries = request["MetricDataQueries"]
        self.queried.append(len(queries))
        moment = datetime.fromtimestamp(CURRENT, UTC)
        result = {"Timestamps": [moment], "Values": [self.value]}
        return {"MetricDataResults": [result | {"Id": query["Id"]} for query in queries]}

    def set_alarm_state(self, **request: Any) -> None:
        self.states[request["AlarmName"]] = request["StateValue"]
        self.changes.append((request["AlarmName"], request["StateValue"]))
        self.reasons.append(request["StateReason"])


def test_each_change_is_set_once_and_short_periods_are_evaluated_more_often() -> None:
    aws: Any = FakeCloudWatch()
    now = [NOW]
    slow = replace(AN_ALARM, name="slow", period=60, missing="ignore")
    alarms = AlarmEvaluator(aws, [AN_ALARM, slow], clock=lambda: now[0])
    alarms.evaluate()
    assert aws.changes == [("demo", OK)]
    aws.value = 1.0
    alarms.evaluate()
    assert aws.queried == [2], "it is not due again yet"
    now[0] += 1
    alarms.evaluate()
    now[0] += 1
    alarms.evaluate()
    assert aws.changes == [("demo", OK), ("demo", ALARM)]
    assert aws.queried == [2, 1, 1]


def test_a_change_says_what_was_measured_and_when() -> None:
    aws: Any = FakeCloudWatch()
    aws.value = 0.625
    AlarmEvaluator(aws, [AN_ALARM], clock=lambda: NOW).evaluate()
    assert aws.reasons == ["Average of TransientFailure: 0.625 at 13:46:40"]


def test_recoveries_are_set_before_alarms() -> None:
    """A composite alarm of both must not see the new state of one beside the old state of the other."""
    aws: Any = FakeCloudWatch()
    aws.states = {"demo": OK, "slow": ALARM}
    aws.value = 0.5
    recovering = replace(AN_ALARM, name="slow", threshold=0.9)
    AlarmEvaluator(aws, [AN_ALARM, recovering], clock=lambda: NOW).evaluate()
    assert aws.changes == [("slow", OK), ("demo", ALARM)]


def test_an_error_is_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    aws: Any = FakeCloudWatch()
    alarms = AlarmEvaluator(aws, [AN_ALARM])
    alarms._complain("denied")
    alarms._complain("denied")
    assert capsys.readouterr().err.count("denied") == 1


def test_without_alarms_nothing_is_evaluated() -> None:
    aws: Any = FakeCloudWatch()
    alarms = AlarmEvaluator(aws, [])
    alarms.start()
    alarms.stop()
    assert aws.queried == []
