"""One CloudWatch alarm on one metric, as the tables of alarms declare it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.location import Location

Topics = Sequence[pulumi.Input[str]]
RUNBOOK = "README.md, section 'When things go wrong'"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """Which metric."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One row: `statistic` of `metric` over `period` seconds reaches `threshold`, `periods` times in a row.

    `below` turns it round: the statistic stays below the threshold. `silence` is what it means that there is no data:
    fine, as bad as it gets, or that whoever should tell does not, which is worth an alert of its own. `says` is what
    happened and what to do.
    """

    name: str
    metric: Metric
    statistic: Literal["Average", "Maximum", "SampleCount", "Sum"]
    threshold: float
    says: str
    period: int = 300
    periods: int = 1
    below: bool = False
    silence: Literal["fine", "breaching", "told"] = "fine"


_MISSING = {"fine": "notBreaching", "breaching": "breaching", "told": "missing"}


@dataclass(frozen=True, kw_only=True)
class MetricAlarmArgs:
    """`topics` are told; none for an alarm that is only part of another one."""

    location: Location
    alarm: Alarm
    topics: Topics = field(default_factory=tuple[pulumi.Input[str], ...])


class MetricAlarm(pulumi.ComponentResource):
    """One alarm. Public: `alarm_name`, known when the alarm is there."""

    alarm_name: pulumi.Output[str]

    def __init__(self, name: str, args: MetricAlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:alarm:MetricAlarm", name, None, opts)
        alarm, topics = args.alarm, list(args.topics)
        made = aws.cloudwatch.MetricAlarm(
            f"{name}-alarm",
            name=args.location.name(name),
            alarm_description=describe(alarm.says, name),
            namespace=alarm.metric.namespace,
            metric_name=alarm.metric.name,
            dimensions=alarm.metric.dimensions,
            statistic=alarm.statistic,
            period=alarm.period,
            evaluation_periods=alarm.periods,
            threshold=alarm.threshold,
            comparison_operator="LessThanThreshold" if alarm.below else "GreaterThanOrEqualToThreshold",
            treat_missing_data=_MISSING[alarm.silence],
            alarm_actions=topics,
            insufficient_data_actions=topics if alarm.silence == "told" else [],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.alarm_name = made.name
        self.register_outputs({"alarm_name": self.alarm_name})


@dataclass(frozen=True, kw_only=True)
class AllOfArgs:
    """Goes off when all of `alarms` (their names) have gone off. `topics` are told."""

    location: Location
    alarms: Sequence[pulumi.Input[str]]
    says: str
    topics: Topics


class AllOf(pulumi.ComponentResource):
    """A composite alarm."""

    def __init__(self, name: str, args: AllOfArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:alarm:AllOf", name, None, opts)
        aws.cloudwatch.CompositeAlarm(
            f"{name}-alarm",
            alarm_name=args.location.name(name),
            alarm_description=describe(args.says, name),
            alarm_rule=pulumi.Output.all(*args.alarms).apply(_rule),
            alarm_actions=list(args.topics),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def describe(says: str, name: str) -> str:
    """An alarm's description: what to do, and where more is said about it."""
    return f"{says} See {RUNBOOK}: {name}."


def _rule(names: Sequence[str]) -> str:
    return " AND ".join(f'ALARM("{name}")' for name in names)
