"""Metric math on the laptop: what alarms of the program use, and nothing that it does not understand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local.host.errors import LaptopError
from local.program.declarations.metric_math import check_expression, evaluate
from local.program.declarations.model import AlarmDeclaration, MetricQuery
from local.services.alarms.runner import AlarmEvaluator

SHARE = "IF(FILL(all, 0) >= 10, FILL(bad, 0) / FILL(all, 0), 0)"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"bad": 5.0, "all": 20.0}, 0.25),
        ({"bad": None, "all": 20.0}, 0.0),
        ({"bad": 5.0, "all": 9.0}, 0.0),
        ({"bad": None, "all": None}, 0.0),
    ],
)
def test_a_share_is_computed_as_cloudwatch_does(values: dict[str, float | None], found: float) -> None:
    assert evaluate(SHARE, values) == found


@pytest.mark.parametrize(("expression", "found"), [("a / b", None), ("a + c", None), ("2 * a - 1", 5.0)])
def test_no_data_and_a_division_by_zero_have_no_value(expression: str, found: float | None) -> None:
    assert evaluate(expression, {"a": 3.0, "b": 0.0, "c": None}) == found


@pytest.mark.parametrize("expression", ["SUM([a])", "a ** 2", "a +", "missing", "'text'", "a if a else a", "a.b"])
def test_what_is_not_understood_is_refused_when_the_alarm_is_declared(expression: str) -> None:
    with pytest.raises(LaptopError, match="does not understand the metric math"):
        check_expression(expression, {"a"})


class CloudWatch:
    """Its API, with sums of two metrics and the states that were set."""

    def __init__(self, **sums: float) -> None:
        self.sums = sums
        self.set: dict[str, str] = {}

    def get_paginator(self, _operation: str) -> CloudWatch:
        return self

    def paginate(self, **_request: Any) -> list[dict[str, Any]]:
        return [{"MetricAlarms": [{"AlarmName": "share", "StateValue": "OK"}]}]

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        moment = datetime.fromtimestamp(3600, UTC)
        return {
            "MetricDataResults": [
                {
                    "Id": query["Id"],
                    "Timestamps": [moment] if query["MetricStat"]["Metric"]["MetricName"] in self.sums else [],
                    "Values": [self.sums[name]]
                    if (name := query["MetricStat"]["Metric"]["MetricName"]) in self.sums
                    else [],
                }
                for query in request["MetricDataQueries"]
            ]
        }

    def set_alarm_state(self, **request: Any) -> None:
        self.set[request["AlarmName"]] = request["StateValue"]


@pytest.mark.parametrize(
    ("sums", "states"), [({"bad": 8.0, "all": 20.0}, {"share": "ALARM"}), ({"bad": 2.0, "all": 20.0}, {}), ({}, {})]
)
def test_an_alarm_on_an_expression_goes_off_when_its_value_reaches_the_threshold(
    sums: dict[str, float], states: dict[str, str]
) -> None:
    cloudwatch = CloudWatch(**sums)
    queries = tuple(
        MetricQuery(
            id=name,
            stat={
                "Metric": {"Namespace": "n", "MetricName": name, "Dimensions": []},
                "Period": 3600,
                "Stat": "Sum",
            },
        )
        for name in ("bad", "all")
    )
    alarm = AlarmDeclaration(
        name="share",
        namespace="",
        metric="the share",
        dimensions={},
        statistic="Expression",
        period=3600,
        periods=1,
        threshold=0.25,
        comparison="GreaterThanOrEqualToThreshold",
        missing="notBreaching",
        expression=SHARE,
        queries=queries,
    )
    clients: Any = type("Clients", (), {"cloudwatch": cloudwatch})()
    AlarmEvaluator(clients, [alarm], lambda: 3700.0).evaluate()
    assert cloudwatch.set == states
