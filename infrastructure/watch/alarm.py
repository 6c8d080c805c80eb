"""One CloudWatch alarm on one metric, as the tables of alarms declare it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import TopicRef
from infrastructure.watch.metrics import Metric

RUNBOOK = "docs/guides/operations.md"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One row: `statistic` of `metric` over `period` seconds reaches `threshold`, `periods` times in a row.

    `below` inverts it: the statistic stays below the threshold. `missing_data` is what a period without data means, in
    CloudWatch's words; "missing" notifies the topics as well. `description` says what happened and what to do, `entry`
    is its entry in the runbook if it is not named after the alarm.
    """

    name: str
    metric: Metric
    statistic: Literal["Average", "Maximum", "SampleCount", "Sum"]
    threshold: float
    description: str
    period: int = 300
    periods: int = 1
    below: bool = False
    missing_data: Literal["notBreaching", "breaching", "missing"] = "notBreaching"
    entry: str = ""


@dataclass(frozen=True, kw_only=True)
class MetricAlarmArgs:
    """`topics` are notified; none for an alarm that is only part of another one."""

    location: Location
    alarm: Alarm
    topics: tuple[TopicRef, ...] = ()


class MetricAlarm(Component):
    """One alarm. Public: `alarm_name` and `arn`, known when the alarm exists."""

    alarm_name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: MetricAlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:MetricAlarm", name, opts)
        alarm, topics = args.alarm, [topic.arn for topic in args.topics]
        created = aws.cloudwatch.MetricAlarm(
            f"{name}-alarm",
            name=args.location.name(name),
            alarm_description=describe(alarm.description, alarm.entry or name),
            namespace=alarm.metric.namespace,
            metric_name=alarm.metric.name,
            dimensions=alarm.metric.dimensions,
            statistic=alarm.statistic,
            period=alarm.period,
            evaluation_periods=alarm.periods,
            threshold=alarm.threshold,
            comparison_operator="LessThanThreshold" if alarm.below else "GreaterThanOrEqualToThreshold",
            treat_missing_data=alarm.missing_data,
            alarm_actions=topics,
            ok_actions=topics,
            insufficient_data_actions=topics if alarm.missing_data == "missing" else [],
            opts=self._child,
        )
        self.alarm_name, self.arn = created.name, created.arn
        self.register_outputs({"alarm_name": self.alarm_name})


@dataclass(frozen=True, kw_only=True)
class AllOfArgs:
    """Goes off when all of `alarms` (their names) have gone off, and at least one of `any_of`, unless that is empty.

    Notifies `topics`, also of the end of it; `reports_recovery` is False for a topic that starts something.
    """

    location: Location
    alarms: Sequence[pulumi.Input[str]]
    description: str
    topics: tuple[TopicRef, ...]
    reports_recovery: bool = True
    any_of: Sequence[pulumi.Input[str]] = ()


class AllOf(Component):
    """A composite alarm. Public: `arn`."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AllOfArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:AllOf", name, opts)
        topics = [topic.arn for topic in args.topics]
        created = aws.cloudwatch.CompositeAlarm(
            f"{name}-alarm",
            alarm_name=args.location.name(name),
            alarm_description=describe(args.description, name),
            alarm_rule=pulumi.Output.all(list(args.any_of), list(args.alarms)).apply(lambda known: _rule(*known)),
            alarm_actions=topics,
            ok_actions=topics if args.reports_recovery else [],
            opts=self._child,
        )
        self.arn = created.arn
        self.register_outputs({"arn": self.arn})


def describe(description: str, name: str) -> str:
    """The description of an alarm, with its entry in the runbook."""
    return f"{description} See {RUNBOOK}: {name}."


def _rule(any_of: Sequence[str], names: Sequence[str]) -> str:
    one = " OR ".join(f'ALARM("{name}")' for name in any_of)
    parts = [f"({one})" if len(any_of) > 1 else one, *(f'ALARM("{name}")' for name in names)]
    return " AND ".join(part for part in parts if part)
