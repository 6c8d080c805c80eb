"""Every metric that something asks for is written by somebody, and every metric that is written is of use to somebody.

What the functions write is read off the lines that they write when they run. AWS's own are in `aws_metrics.py`.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.infrastructure.stages import STAGES, evaluated
from tests.infrastructure.watch.aws_metrics import AWS

ROOT = Path(__file__).parents[3]
METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
FUNCTION = "aws:lambda/function:Function"
EVALUATIONS = (*STAGES, "everything")
_SEARCH = re.compile(r"SEARCH\('\{([^}]*)\} ([^']*)'")


class Asked(NamedTuple):
    """A metric that something asks for; `of` are the names of its dimensions, `service` is their one known value."""

    where: str
    namespace: str
    name: str
    of: tuple[str, ...]
    service: str


class Written(NamedTuple):
    """A metric that a function has written."""

    name: str
    of: tuple[str, ...]
    service: str


@cache
def services() -> tuple[str, ...]:
    """The functions of the stack, by their modules."""
    functions = evaluated("everything").all(FUNCTION)
    return tuple(sorted({one.inputs["handler"].split(".")[1] for one in functions}))


@cache
def written() -> frozenset[Written]:
    """What the functions write when they run, each with the settings of a stage that has objectives."""
    return frozenset(metric for service in services() for metric in written_by(service))


def written_by(service: str) -> Iterator[Written]:
    settings = {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": "taskline-test",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ACCEPT_MILLISECONDS": "1000",
        "START_SECONDS": "5",
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.infrastructure.watch.emitting", service]
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{service}: {ran.stderr}"
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    yield Written(metric["Name"], tuple(sorted(names)), line["service"])


def asked(stage: str) -> Iterator[Asked]:
    """The metrics of a stage's alarms, their expressions included, and of its dashboard."""
    stack = evaluated(stage)
    for alarm in stack.all(METRIC_ALARM):
        inputs = alarm.inputs
        metrics = [one["metric"] for one in inputs.get("metricQueries", []) if one.get("metric")]
        for one in metrics or [inputs]:
            yield _asked(f"{stage}: {alarm.name}", one["namespace"], one["metricName"], one.get("dimensions") or {})
    for widget in json.loads(stack.one(DASHBOARD, "dashboard-dashboard").inputs["dashboardBody"])["widgets"]:
        title = f"{stage}: {widget['properties'].get('title')}"
        for row in widget["properties"].get("metrics", []):
            yield from _in_row(title, row)


def _in_row(title: str, row: list[Any]) -> Iterator[Asked]:
    if isinstance(row[0], dict):
        for schema, terms in _SEARCH.findall(row[0]["expression"]):
            namespace, *of = re.findall(r'"([^"]*)"', schema)
            given = dict(re.findall(r'"([^"]*)"="([^"]*)"', terms))
            name = given.pop("MetricName")
            yield Asked(title, namespace, name, tuple(sorted(of)), given.get("service", ""))
        return
    namespace, name, *pairs, _options = row
    yield _asked(title, namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))


def _asked(where: str, namespace: str, name: str, dimensions: dict[str, str]) -> Asked:
    return Asked(where, namespace, name, tuple(sorted(dimensions)), dimensions.get("service", ""))


@pytest.mark.parametrize("stage", EVALUATIONS)
def test_every_metric_that_an_alarm_or_the_dashboard_asks_for_is_one_that_somebody_writes(stage: str) -> None:
    found = list(asked(stage))
    assert len(found) > 60
    names = {(one.name, one.of, one.service) for one in written()}
    for one in found:
        if one.namespace.startswith("AWS/"):
            assert one.name in AWS.get((one.namespace, one.of), ()), f"{one.where}: AWS publishes no {one}"
        else:
            assert one.namespace == f"taskline-{'prod' if stage == 'everything' else stage}", one.where
            assert (one.name, one.of, one.service) in names, f"{one.where}: no function writes {one}"


def test_every_metric_that_is_written_is_watched_shown_or_explained() -> None:
    used = {one.name for stage in EVALUATIONS for one in asked(stage)} | set(explained())
    assert {one.name for one in written()} - used == set(), "name it in docs/guides/operations.md, or do without it"


def test_every_metric_that_the_operators_guide_explains_is_one_that_is_written() -> None:
    """Its table says whose it is, too."""
    names = {(one.name, one.service) for one in written()}
    table = explained()
    assert len(table) > 10
    for name, by in table.items():
        assert (name, by) in names, f"{by} writes no {name}"


def test_a_metric_that_the_operators_guide_speaks_of_exists() -> None:
    known = {one.name for one in written()} | {name for names in AWS.values() for name in names}
    guides = [path.read_text() for path in sorted((ROOT / "docs" / "guides").glob("*.md"))]
    named = {name for guide in guides for name in re.findall(r"metrics? `(\w+)`", guide)}
    assert named
    assert named <= known


def explained() -> dict[str, str]:
    """The table of metrics in the operators' guide: name and function."""
    guide = (ROOT / "docs/guides/operations.md").read_text()
    _, _, section = guide.partition("### What the functions measure")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (.+?) \|", section.partition("\n### ")[0], re.MULTILINE)
    return {name: by.strip("`") for names, by in rows for name in re.findall(r"`(\w+)`", names)}


def test_nothing_that_the_functions_can_measure_was_left_out_of_these_runs() -> None:
    """Each name that the code gives to a metric was written: so the runs above went everywhere."""
    names = {one.name for one in written()}
    seen = 0
    for path in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_metric":
                (name,) = (one.value for one in node.keywords if one.arg == "name")
                if isinstance(name, ast.Constant):
                    seen += 1
                    assert name.value in names, f"{path.name} writes {name.value}, and no run here does"
    assert seen > 5
