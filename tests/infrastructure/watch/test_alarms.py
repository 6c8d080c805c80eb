"""The alarms: what they watch, when they go off, what they notify, and that the runbook has an entry for each."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.recording import Resource, Stack, arn, live, run

METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
ALERTS = arn("sns", "taskline-dev-alerts")
RUNBOOK = Path(__file__).parents[3] / "docs/guides/operations.md"
MACHINE = {"StateMachineArn": arn("states", "stateMachine:taskline-dev-workflow")}
LONG_MACHINE = {"StateMachineArn": arn("states", "stateMachine:taskline-dev-long-workflow")}


def function(name: str) -> dict[str, str]:
    return {"FunctionName": f"taskline-dev-{name}"}


def queue(name: str) -> dict[str, str]:
    return {"QueueName": f"taskline-dev-{name}"}


THE_PIPE = {"PipeName": "taskline-dev-tasks-pipe"}
# name: namespace, metric, dimensions, statistic, threshold, seconds
NOTIFYING: dict[str, tuple[str, str, dict[str, str], str, float, int]] = {
    "api-errors": ("AWS/ApiGateway", "5XXError", {"ApiName": "taskline-dev-api", "Stage": "v1"}, "Sum", 6, 300),
    "processor-errors": ("AWS/Lambda", "Errors", function("processor"), "Sum", 11, 300),
    "dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("dead-letters.fifo"), "Maximum", 1, 60),
    "event-failures": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("event-failures"), "Maximum", 1, 60),
    **{
        f"{name}-age": ("AWS/SQS", "ApproximateAgeOfOldestMessage", queue(physical), "Maximum", 864_000, 300)
        for name, physical in (("dead-letters", "dead-letters.fifo"), ("event-failures", "event-failures"))
    },
    **{
        f"{name}-errors": ("AWS/Lambda", "Errors", function(name), "Sum", 1, 300)
        for name in (
            "validator",
            "reader",
            "canceller",
            "redrive",
            "keys",
            "workers",
            "documents",
            "gatekeeper",
            "events",
            "counter",
            "monitor",
            "breaker",
        )
    },
    "events-behind": ("AWS/Lambda", "IteratorAge", function("events"), "Maximum", 600_000, 300),
    "counts-behind": ("AWS/Lambda", "IteratorAge", function("counter"), "Maximum", 600_000, 300),
    "gates-behind": ("AWS/Lambda", "IteratorAge", function("gatekeeper"), "Maximum", 60_000, 300),
    "keys-halted": ("taskline-dev", "HaltedKeySeconds", {"service": "gatekeeper"}, "Maximum", 3600, 600),
    "pipe-failures": ("AWS/EventBridge/Pipes", "ExecutionFailed", THE_PIPE, "Sum", 1, 300),
    "queue-age": ("AWS/SQS", "ApproximateAgeOfOldestMessage", queue("tasks.fifo"), "Maximum", 900, 60),
    "pipe-stopped": ("taskline-dev", "PipeStopped", {"service": "breaker"}, "Maximum", 1, 120),
    "breaker-open": ("taskline-dev", "BreakerOpen", {"service": "breaker"}, "Maximum", 1, 120),
    "failed-executions": ("AWS/States", "ExecutionsFailed", MACHINE, "Sum", 1, 300),
    "timed-out-executions": ("AWS/States", "ExecutionsTimedOut", MACHINE, "Sum", 1, 300),
    "failed-long-executions": ("AWS/States", "ExecutionsFailed", LONG_MACHINE, "Sum", 1, 300),
    "timed-out-long-executions": ("AWS/States", "ExecutionsTimedOut", LONG_MACHINE, "Sum", 1, 300),
    "processor-long-errors": ("AWS/Lambda", "Errors", function("processor-long"), "Sum", 11, 300),
    "processor-long-throttles": ("AWS/Lambda", "Throttles", function("processor-long"), "Sum", 1, 300),
    "account-concurrency": ("AWS/Lambda", "ConcurrentExecutions", {}, "Maximum", 800, 60),
    "api-throttles": ("AWS/Lambda", "Throttles", function("validator"), "Sum", 1, 300),
    "processor-throttles": ("AWS/Lambda", "Throttles", function("processor"), "Sum", 1, 300),
    "pipe-throttles": (
        "AWS/EventBridge/Pipes",
        "ExecutionThrottled",
        THE_PIPE,
        "Sum",
        1,
        300,
    ),
    "table-throttles": ("AWS/DynamoDB", "WriteThrottleEvents", {"TableName": "taskline-dev-tasks"}, "Sum", 1, 300),
}
PARTS = ["breaker-rate", "breaker-volume", "no-executions"]
COMPOSITES = ["breaker-trip", "queue-stuck"]


def alarm(stack: Stack, name: str) -> Resource:
    return stack.one(METRIC_ALARM, f"{name}-alarm")


def composite(stack: Stack, name: str) -> Resource:
    return stack.one(COMPOSITE_ALARM, f"{name}-alarm")


def test_there_are_no_other_alarms(stack: Stack) -> None:
    others = {one.name for one in stack.all(METRIC_ALARM) if not one.name.startswith("slo-")}  # test_objectives.py
    assert others == {f"{name}-alarm" for name in (*NOTIFYING, *PARTS)}
    assert {one.name for one in stack.all(COMPOSITE_ALARM)} == {f"{name}-alarm" for name in COMPOSITES}


@pytest.mark.parametrize("name", NOTIFYING)
def test_operators_are_notified_of(stack: Stack, name: str) -> None:
    made = alarm(stack, name).inputs
    given = ("namespace", "metricName", "dimensions", "statistic", "threshold", "period")
    assert tuple(made[key] for key in given) == NOTIFYING[name]
    assert made["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert made["alarmActions"] == made["okActions"] == [ALERTS]


@pytest.mark.parametrize("name", PARTS)
def test_no_one_is_notified_of_what_means_nothing_on_its_own(stack: Stack, name: str) -> None:
    made = alarm(stack, name).inputs
    assert not made.get("alarmActions")
    assert not made.get("okActions")
    assert not made.get("insufficientDataActions")


def test_missing_data_is_fine_except_from_the_clock_and_of_what_ought_to_happen(stack: Stack) -> None:
    missing = {one.name: one.inputs["treatMissingData"] for one in stack.all(METRIC_ALARM)}
    assert missing.pop("no-executions-alarm") == "breaching"
    assert missing.pop("pipe-stopped-alarm") == "missing"
    assert set(missing.values()) == {"notBreaching"}
    watch = alarm(stack, "pipe-stopped").inputs
    assert watch["insufficientDataActions"] == [ALERTS], "a clock that has stopped raises the alarm"
    assert watch["evaluationPeriods"] == 2, "a deployment that changes the pipe does not"


def test_a_queue_is_stuck_if_messages_wait_and_no_execution_starts(stack: Stack) -> None:
    made = composite(stack, "queue-stuck").inputs
    assert made["alarmRule"] == 'ALARM("taskline-dev-queue-age") AND ALARM("taskline-dev-no-executions")'
    assert made["alarmActions"] == [ALERTS]
    idle = alarm(stack, "no-executions").inputs
    assert (idle["metricName"], idle["dimensions"]) == ("ExecutionsStarted", MACHINE)
    assert (idle["comparisonOperator"], idle["threshold"], idle["statistic"]) == ("LessThanThreshold", 1, "Sum")


def test_an_execution_that_is_stopped_raises_no_alarm(stack: Stack) -> None:
    """The gatekeeper stops that of a cancelled task."""
    assert "ExecutionsAborted" not in {one.inputs.get("metricName") for one in stack.all(METRIC_ALARM)}


def test_the_breaker_opens_on_rate_and_volume_together(stack: Stack) -> None:
    made = composite(stack, "breaker-trip").inputs
    assert made["alarmRule"] == 'ALARM("taskline-dev-breaker-rate") AND ALARM("taskline-dev-breaker-volume")'
    assert made["alarmActions"] == [arn("sns", "taskline-dev-breaker-trips")]
    assert not made.get("okActions"), "the end of an alarm must not open the breaker"
    for name, statistic, threshold in (("breaker-rate", "Average", 0.5), ("breaker-volume", "SampleCount", 20)):
        part = alarm(stack, name).inputs
        assert (part["namespace"], part["metricName"]) == ("taskline-dev", "TransientFailure")
        assert (part["dimensions"], part["period"]) == ({"service": "processor"}, 60)
        assert (part["statistic"], part["threshold"]) == (statistic, threshold)


def test_the_breakers_threshold_can_be_set(layer: Path) -> None:
    changed = run(
        "dev",
        layer,
        breakerFailurePercent=80,
        breakerMinimumAttempts=5,
        breakerPeriodSeconds=10,
        breakerCoolDownSeconds=7,
        breakerProbeSeconds=3,
        queueAgeAlarmSeconds=60,
        concurrencyAlarm=100,
    )
    assert (alarm(changed, "breaker-rate").inputs["threshold"], alarm(changed, "breaker-rate").inputs["period"]) == (
        0.8,
        10,
    )
    assert alarm(changed, "breaker-volume").inputs["threshold"] == 5
    assert alarm(changed, "queue-age").inputs["threshold"] == 60
    assert alarm(changed, "account-concurrency").inputs["threshold"] == 100
    variables = changed.one("aws:lambda/function:Function", "breaker-function").inputs["environment"]["variables"]
    assert [variables[key] for key in ("FAILURE_PERCENT", "COOL_DOWN_SECONDS", "PROBE_SECONDS")] == ["80", "7", "3"]


@pytest.mark.parametrize("name", [*NOTIFYING, "queue-stuck"])
def test_an_alarm_says_what_to_do_and_the_runbook_has_its_entry(stack: Stack, name: str) -> None:
    made = composite(stack, name) if name in COMPOSITES else alarm(stack, name)
    description = made.inputs["alarmDescription"]
    assert description.endswith(f" See docs/guides/operations.md: {name}.")
    assert len(description) <= 1024, "CloudWatch's limit"
    assert re.search(rf"^\| .*`{name}`", RUNBOOK.read_text(), re.MULTILINE), "an alarm without a runbook is noise"


def test_alarm_and_clock_call_the_breaker(stack: Stack) -> None:
    breaker = live("taskline-dev-breaker")
    made = stack.one("aws:sns/topicSubscription:TopicSubscription", "breaker-subscription")
    assert (made.inputs["protocol"], made.inputs["endpoint"]) == ("lambda", breaker)
    assert made.inputs["topic"] == arn("sns", "taskline-dev-breaker-trips")
    rule = stack.one("aws:cloudwatch/eventRule:EventRule", "breaker-rule")
    assert rule.inputs["scheduleExpression"] == "rate(1 minute)"
    target = stack.one("aws:cloudwatch/eventTarget:EventTarget", "breaker-target")
    assert target.inputs == {"rule": "taskline-dev-breaker-tick", "arn": breaker}
    for name, service, source in (
        ("breaker-trips", "sns", made.inputs["topic"]),
        ("breaker-tick", "events", arn("events", "rule/taskline-dev-breaker-tick")),
    ):
        allowed: dict[str, Any] = stack.one("aws:lambda/permission:Permission", f"{name}-permission").inputs
        assert (allowed["principal"], allowed["sourceArn"]) == (f"{service}.amazonaws.com", source)
        assert (allowed["function"], allowed["qualifier"]) == ("taskline-dev-breaker", "live")
    assert made.depends_on(stack.one("aws:lambda/permission:Permission", "breaker-trips-permission"))
    assert target.depends_on(stack.one("aws:lambda/permission:Permission", "breaker-tick-permission"))


def test_the_breaker_has_its_own_table(stack: Stack) -> None:
    table = stack.one("aws:dynamodb/table:Table", "breaker-table").inputs
    assert (table["hashKey"], table["billingMode"]) == ("id", "PAY_PER_REQUEST")
    assert "serverSideEncryption" not in table, "it is encrypted anyway, and nobody pays for that"
    assert "ttl" not in table, "an open breaker must not close because its item expires"


def test_further_topics_are_notified_of_everything_that_operators_are_notified_of(layer: Path) -> None:
    on_call = arn("sns", "on-call")
    stack = run("dev", layer, alarmTopics=on_call)
    alarms = [*stack.all(METRIC_ALARM), *stack.all(COMPOSITE_ALARM)]
    for made in alarms:
        for actions in ("alarmActions", "okActions", "insufficientDataActions"):
            given = made.inputs.get(actions) or []
            assert (ALERTS in given) is (on_call in given), made.name
    assert on_call not in composite(stack, "breaker-trip").inputs["alarmActions"], "that one only calls the breaker"
