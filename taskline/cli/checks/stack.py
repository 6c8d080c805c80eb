"""Checks of the stack behind the API, with the caller's own AWS credentials."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from taskline.cli.checks.finding import Finding, bad, good, skipped, warning
from taskline.cli.render.words import count, duration
from taskline.cli.running.session import Session
from taskline.lanes import lanes_of

OLD = 900.0  # seconds; most keys should not wait that long
UNKNOWN = "the stack is not known by its address alone: name it with --stage"


def credentials(session: Session) -> Finding:
    """Who this caller is for AWS."""
    if not session.stage.knows_its_stack and not session.stage.sign:
        return skipped("credentials", "not needed for this address")
    try:
        who = session.stage.account.client("sts").get_caller_identity()
    except Exception as error:  # botocore's, which is imported only where it is used
        return bad(
            "credentials", f"AWS does not know this caller: {error}", "Run `aws sso login`, or set AWS_PROFILE."
        )
    return good("credentials", who["Arn"])


def stack(session: Session) -> Finding:
    """Whether the stack's outputs are known."""
    stage = session.stage
    if not stage.knows_its_stack:
        return skipped("stack", UNKNOWN)
    return good("stack", f"{count(len(stage.outputs), 'output')}, by {stage.found_by}")


def queue(session: Session) -> Finding:
    """How many tasks wait, in all lanes, and how long the first of them does."""
    stage = session.stage
    lanes = lanes_of(stage.outputs)
    if not lanes:
        return skipped("queue", UNKNOWN)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    sqs, cloudwatch = stage.account.client("sqs"), stage.account.client("cloudwatch")
    found = [sqs.get_queue_attributes(QueueUrl=one.queue_url, AttributeNames=names)["Attributes"] for one in lanes]
    waiting, running = (sum(int(one[name]) for one in found) for name in names)
    ages = [_age(cloudwatch, one.queue_url.rsplit("/", 1)[-1]) for one in lanes]
    age = max((known for known in ages if known is not None), default=None)
    shown = f"about {waiting:,} wait, {running:,} are being processed"
    if len(lanes) > 1:
        shown += f", in {count(len(lanes), 'lane')}"
    if age is None:
        return good("queue", shown)
    shown += f", the oldest is {duration(age)} old"
    if age > OLD:
        return warning("queue", shown, "See which key it is: taskline keys. Look at the breaker and the pipe first.")
    return good("queue", shown)


def _age(cloudwatch: Any, name: str) -> float | None:
    """The age of the oldest message as SQS last reported it; None if it has not."""
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": name}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max(points, key=lambda point: point["Timestamp"])["Maximum"] if points else None


def alarms(session: Session) -> Finding:
    """Which alarms are on."""
    stage = session.stage
    table = stage.outputs.get("table_name")
    if not isinstance(table, str):
        return skipped("alarms", UNKNOWN)
    prefix = f"{table.removesuffix('-tasks')}-"
    pages = stage.account.client("cloudwatch").get_paginator("describe_alarms")
    found: list[str] = []  # those that notify somebody; others are only parts of them
    kinds = ["MetricAlarm", "CompositeAlarm"]
    for page in pages.paginate(AlarmNamePrefix=prefix, StateValue="ALARM", AlarmTypes=kinds):
        on = [one for kind in kinds for one in page.get(f"{kind}s", [])]
        found += [one["AlarmName"] for one in on if one.get("AlarmActions")]
    if found:
        names = ", ".join(sorted(name.removeprefix(prefix) for name in found))
        return warning("alarms", f"on: {names}", "Each has its entry in the runbook: docs/guides/operations.md.")
    return good("alarms", "none is on")
