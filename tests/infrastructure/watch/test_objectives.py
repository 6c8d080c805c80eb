"""The service level objectives: what counts as a miss, when the alarms go off, and that the settings decide."""

import re
from pathlib import Path
from typing import Any

import pytest

from infrastructure.settings.checks import SettingsError
from infrastructure.watch.objectives import BURNS
from local.program.declarations.metric_math import check_expression, evaluate
from tests.infrastructure.recording import Recording, Resource, Stack, arn, run

METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
RUNBOOK = Path(__file__).parents[3] / "docs/guides/operations.md"
ALERTS = arn("sns", "taskline-dev-alerts")
NAMES = [f"slo-{name}-{burn.name}" for name in ("accepted", "started", "succeeded") for burn in BURNS]
WATCHED = {
    "accepted": {
        ("late", "taskline-dev", "AcceptedLate", "Sum"),
        ("accepted", "taskline-dev", "TasksAccepted", "SampleCount"),
        ("broken", "AWS/ApiGateway", "5XXError", "Sum"),
    },
    "started": {
        ("late", "taskline-dev", "StartedLate", "Sum"),
        ("started", "taskline-dev", "StartedLate", "SampleCount"),
    },
    "succeeded": {
        ("failed", "AWS/SQS", "NumberOfMessagesSent", "Sum"),
        ("ended", "AWS/States", "ExecutionsSucceeded", "Sum"),
    },
}


def alarm(stack: Stack, name: str) -> Resource:
    return stack.one(METRIC_ALARM, f"{name}-alarm")


def parts(made: Resource) -> tuple[str, dict[str, dict[str, Any]]]:
    """The expression, and the metrics by their ids."""
    queries = made.inputs["metricQueries"]
    (watched,) = (one for one in queries if one.get("returnData"))
    return watched["expression"], {one["id"]: one["metric"] for one in queries if one is not watched}


def burn_of(name: str) -> Any:
    return next(one for one in BURNS if name.endswith(one.name))


@pytest.mark.parametrize("name", NAMES)
def test_an_objective_watches_its_metrics_over_the_window_of_its_burn(stack: Stack, name: str) -> None:
    made = alarm(stack, name)
    expression, measured = parts(made)
    found = {(of, one["namespace"], one["metricName"], one["stat"]) for of, one in measured.items()}
    assert found == WATCHED[name.split("-")[1]]
    assert {one["period"] for one in measured.values()} == {burn_of(name).seconds}
    check_expression(expression, set(measured))
    assert set(re.findall(r"FILL\((\w+),", expression)) == set(measured), "what is measured counts"


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_off_when_the_budget_burns_too_fast_and_not_before(stack: Stack, name: str) -> None:
    made = alarm(stack, name)
    expression, measured = parts(made)
    assert made.inputs["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
    bad = {"late", "failed"}
    for share, goes_off in ((burn_of(name).rate * 0.01 + 0.001, True), (burn_of(name).rate * 0.01 - 0.001, False)):
        values = {one: 10_000.0 * share if one in bad else 10_000.0 for one in measured} | (
            {"broken": 0.0} if "broken" in measured else {}
        )
        value = evaluate(expression, values)
        assert value is not None
        assert (value >= made.inputs["threshold"]) is goes_off


@pytest.mark.parametrize("name", NAMES)
def test_few_events_are_no_reason_and_none_is_no_data_that_breaches(stack: Stack, name: str) -> None:
    made = alarm(stack, name)
    expression, measured = parts(made)
    assert evaluate(expression, dict.fromkeys(measured, 9.0)) in (0.0, None) or "broken" in measured
    assert evaluate(expression, dict.fromkeys(measured)) == 0.0
    assert made.inputs["treatMissingData"] == "notBreaching"


def test_requests_that_got_no_response_count_as_not_accepted(stack: Stack) -> None:
    expression, _ = parts(alarm(stack, "slo-accepted-fast"))
    assert evaluate(expression, {"late": None, "accepted": None, "broken": 50.0}) == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_operators_are_notified_and_find_it_in_the_runbook(stack: Stack, name: str) -> None:
    made = alarm(stack, name).inputs
    assert made["alarmActions"] == made["okActions"] == [ALERTS]
    assert made["alarmDescription"].endswith(f" See docs/guides/operations.md: {name}.")
    assert len(made["alarmDescription"]) <= 1024
    assert re.search(rf"^\| .*`{name}`", RUNBOOK.read_text(), re.MULTILINE)


def test_thresholds_and_times_follow_from_the_settings(layer: Path) -> None:
    stack = run("dev", layer, objectivePercent="99.5", acceptWithinMilliseconds=500, startWithinSeconds=20)
    assert alarm(stack, "slo-started-fast").inputs["threshold"] == pytest.approx(0.072)
    assert alarm(stack, "slo-started-slow").inputs["threshold"] == pytest.approx(0.03)
    given = {one.name: one.inputs["environment"]["variables"] for one in stack.all("aws:lambda/function:Function")}
    assert given["validator-function"]["ACCEPT_MILLISECONDS"] == "500"
    assert given["processor-function"]["START_SECONDS"] == "20"
    assert "within 500 ms" in alarm(stack, "slo-accepted-fast").inputs["alarmDescription"]
    assert "within 20 s" in alarm(stack, "slo-started-slow").inputs["alarmDescription"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("objectivePercent", "100"),
        ("objectivePercent", "94.9"),
        ("objectivePercent", "nearly all"),
        ("acceptWithinMilliseconds", 99),
        ("acceptWithinMilliseconds", 28_001),
        ("startWithinSeconds", 0),
        ("startWithinSeconds", 86_401),
    ],
)
def test_an_objective_that_no_alarm_could_watch_is_refused(layer: Path, key: str, value: Any) -> None:
    recording = Recording()
    with pytest.raises(SettingsError, match=f"taskline:{key} is {value!r}; allowed: "):
        run("dev", layer, into=recording, **{key: value})
    assert recording.resources == []
