"""Two stacks in one account and region share nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.infrastructure.recording import Resource, Stack
from tests.infrastructure.stages import evaluated

# Inputs that name a resource in its account and region, or something that others address by this name.
NAMES = re.compile(r"^(name|bucket|ruleName|layerName|alarmName|dashboardName|family)$")
CHILDREN = {
    # Named within what they belong to.
    "aws:apigateway/stage:Stage",
    "aws:lambda/alias:Alias",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:lambda/permission:Permission",
}
# All functions of an account share its concurrency, so every stack has to watch the whole.
OF_THE_ACCOUNT = {("AWS/Lambda", "ConcurrentExecutions", "{}")}


def names(stack: Stack) -> set[tuple[str, str]]:
    """Type and physical name of every resource."""
    found = {
        (one.type, value)
        for one in stack
        if one.custom and one.type not in CHILDREN
        for key, value in one.inputs.items()
        if NAMES.match(key) and isinstance(value, str)
    }
    assert len(found) > 40, "this test knows how resources are named"
    return found


def metrics(stack: Stack) -> set[tuple[str, str, str]]:
    """Namespace, name and dimensions of every metric that an alarm watches."""

    def identity(namespace: str, name: str, dimensions: Any) -> tuple[str, str, str]:
        return namespace, name, json.dumps(dimensions, sort_keys=True)

    def of_alarm(alarm: Resource) -> Iterator[tuple[str, str, str]]:
        given = alarm.inputs
        if "metricName" in given:
            yield identity(given["namespace"], given["metricName"], given.get("dimensions"))
        for query in given.get("metricQueries") or []:
            if metric := query.get("metric"):
                yield identity(metric["namespace"], metric["metricName"], metric.get("dimensions"))

    return {metric for alarm in stack.all("aws:cloudwatch/metricAlarm:MetricAlarm") for metric in of_alarm(alarm)}


def namespaces(stack: Stack) -> set[str]:
    """Where the functions write their metrics, and where they read them."""
    return {
        function.inputs["environment"]["variables"]["POWERTOOLS_METRICS_NAMESPACE"]
        for function in stack.all("aws:lambda/function:Function")
    }


def test_two_stacks_share_no_name_and_no_metric(stack: Stack) -> None:
    other = evaluated("staging")
    assert names(stack) & names(other) == set()
    assert metrics(stack) & metrics(other) == OF_THE_ACCOUNT
    assert namespaces(stack) & namespaces(other) == set()


def test_alarms_watch_the_metrics_that_the_stack_writes(stack: Stack) -> None:
    own = {namespace for namespace, _, _ in metrics(stack) if not namespace.startswith("AWS/")}
    assert own == namespaces(stack)
