"""What AWS knows of a stage: queues, alarms, settings of its functions. Every reading may be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from taskline.console.basis.stage import Stage
from taskline.lanes import Lane, lanes_of

T = TypeVar("T")
Document = dict[str, Any]
RUNBOOK: Final = "docs/guides/operations.md"


@dataclass(frozen=True, kw_only=True)
class QueueDepth:
    """Messages of a queue: those that wait, and those that are being processed. SQS gives approximate numbers."""

    waiting: int
    in_flight: int


@dataclass(frozen=True, kw_only=True)
class AlarmView:
    """An alarm. `state` is OK, ALARM or INSUFFICIENT_DATA; `entry` its name in the runbook.

    One that `notifies` no one is a part of another.
    """

    name: str
    state: str
    description: str
    reason: str
    since: str
    entry: str
    notifies: bool


class Unreadable(Exception):
    """AWS refused, or does not respond; the text says which service and why, without any credentials."""


def reading(what: str, read: Callable[[], T]) -> T:
    """What `read` returns; `Unreadable` instead of whatever boto3 raises."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return read()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise Unreadable(f"{what} cannot be read: {code}") from error
    except BotoCoreError as error:
        raise Unreadable(f"{what} cannot be read: {type(error).__name__}") from error


def lane_depths(stage: Stage) -> list[tuple[Lane, QueueDepth]]:
    """How many messages the queue of each lane holds."""
    lanes = lanes_of(stage.outputs)
    if not lanes:
        raise Unreadable("The queue cannot be read: the stack's outputs do not name it")
    return [(lane, queue_depth(stage, lane.queue_url)) for lane in lanes]


def total(depths: Iterable[tuple[Lane, QueueDepth]]) -> QueueDepth:
    """The messages of all lanes."""
    found = [depth for _, depth in depths]
    return QueueDepth(waiting=sum(one.waiting for one in found), in_flight=sum(one.in_flight for one in found))


def queue_depth(stage: Stage, url: str) -> QueueDepth:
    """How many messages a queue holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found: Mapping[str, str] = reading(
        "The queue", lambda: stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    )
    return QueueDepth(waiting=int(found.get(names[0], 0)), in_flight=int(found.get(names[1], 0)))


def queue_settings(stage: Stage, output: str) -> Mapping[str, str]:
    """The attributes of a queue."""
    url = stage.output(output)
    return reading(
        "The queue",
        lambda: stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
    )


def alarms(stage: Stage) -> list[AlarmView]:
    """All alarms of the stack: those that are on first."""

    def read() -> list[Document]:
        pages = (
            stage.client("cloudwatch")
            .get_paginator("describe_alarms")
            .paginate(AlarmNamePrefix=f"{stage.prefix}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        )
        return [one for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for one in page.get(kind, ())]

    found = [_alarm(one, stage.prefix) for one in reading("CloudWatch", read)]
    return sorted(
        found, key=lambda alarm: (alarm.state != "ALARM" or not alarm.notifies, alarm.state == "OK", alarm.name)
    )


def function_settings(stage: Stage, name: str) -> Document:
    """Timeout, memory and variables of a function."""
    return reading(
        "Lambda", lambda: stage.client("lambda").get_function_configuration(FunctionName=f"{stage.prefix}-{name}")
    )


def breaker_rules(stage: Stage) -> Mapping[str, int]:
    """The breaker's thresholds and times: they are variables of its function."""
    variables = function_settings(stage, "breaker").get("Environment", {}).get("Variables", {})
    names = ("FAILURE_PERCENT", "MINIMUM_ATTEMPTS", "PERIOD_SECONDS", "COOL_DOWN_SECONDS", "PROBE_SECONDS")
    return {name.lower(): int(variables[name]) for name in names if str(variables.get(name, "")).isdecimal()}


def _alarm(one: Document, prefix: str) -> AlarmView:
    text, _, entry = str(one.get("AlarmDescription", "")).partition(f" See {RUNBOOK}: ")
    since = one.get("StateUpdatedTimestamp")
    return AlarmView(
        name=str(one["AlarmName"]).removeprefix(f"{prefix}-"),
        state=one.get("StateValue", ""),
        description=text,
        reason=str(one.get("StateReason", "")),
        since=since.isoformat() if since else "",
        entry=entry.rstrip("."),
        notifies=bool(one.get("AlarmActions")),
    )
