"""Alarms on service level objectives: they go off when the error budget burns too fast to last for a month.

https://sre.google/workbook/alerting-on-slos/ explains burn rates: at 1, the budget lasts exactly as long as its month.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from functions.tasks.events.names import ACCEPTED, ACCEPTED_LATE, STARTED_LATE
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import ApiRef, FunctionRef, ProcessingRef, TopicRef
from infrastructure.settings.objectives import Objectives
from infrastructure.watch import metrics
from infrastructure.watch.alarm import describe
from infrastructure.watch.metrics import Metric

# Fewer are no measure: with one task in an hour, each failure would be an alarm.
LEAST_EVENTS = 20


class Burn(NamedTuple):
    """An alarm at `rate` times the speed at which the budget lasts for a month, measured over `seconds`."""

    name: str
    rate: float
    seconds: int
    meaning: str


# 2 % of a month's budget in an hour, and 5 % in six hours.
BURNS = (
    Burn("fast", 14.4, 3600, "a month's error budget is used up in two days"),
    Burn("slow", 6.0, 6 * 3600, "a month's error budget is used up in five days"),
)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """`bad` of `all` events miss the objective: sums of metrics, by id, each with its statistic."""

    name: str
    meaning: str
    bad: Mapping[str, tuple[Metric, str]]
    all: Mapping[str, tuple[Metric, str]]
    advice: str

    @property
    def expression(self) -> str:
        """The share of bad events in a period, or 0 where there are too few to judge."""
        bad, events = (" + ".join(f"FILL({one}, 0)" for one in part) for part in (self.bad, self.all))
        return f"IF({events} >= {LEAST_EVENTS}, ({bad}) / ({events}), 0)"


@dataclass(frozen=True, kw_only=True)
class ObjectiveAlarmsArgs:
    """What the objectives are about; `notified` are the topics."""

    location: Location
    notified: tuple[TopicRef, ...]
    objectives: Objectives
    api: ApiRef
    validator: FunctionRef
    processing: ProcessingRef


class ObjectiveAlarms(Component):
    """Two alarms for each objective, by metric math: one on a fast burn, one on a slow one. Public: `arns`."""

    arns: tuple[pulumi.Output[str], ...]

    def __init__(self, name: str, args: ObjectiveAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:ObjectiveAlarms", name, opts)
        self.arns = tuple(self._alarm(args, one, burn) for one in table_of_objectives(args) for burn in BURNS)
        self.register_outputs({})

    def _alarm(self, args: ObjectiveAlarmsArgs, objective: Objective, burn: Burn) -> pulumi.Output[str]:
        name, topics = f"slo-{objective.name}-{burn.name}", [topic.arn for topic in args.notified]
        threshold = round(burn.rate * args.objectives.budget, 6)
        hours = burn.seconds // 3600
        description = (
            f"{objective.meaning}: {threshold:.2%} or more of the last {hours} h, so that {burn.meaning}. "
            f"{objective.advice}"
        )
        return aws.cloudwatch.MetricAlarm(
            f"{name}-alarm",
            name=args.location.name(name),
            alarm_description=describe(description, name),
            metric_queries=_queries(objective, burn.seconds),
            evaluation_periods=1,
            threshold=threshold,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=topics,
            ok_actions=topics,
            opts=self._child,
        ).arn


def table_of_objectives(args: ObjectiveAlarmsArgs) -> Iterator[Objective]:
    """All objectives."""
    accepted, late = (metrics.written_by(args.validator, name) for name in (ACCEPTED, ACCEPTED_LATE))
    started = metrics.written_by(args.processing.processors[0], STARTED_LATE)
    # A request that got no response from the validator is not in its own metrics.
    broken = (metrics.of_api(args.api, "5XXError"), "Sum")
    yield Objective(
        name="accepted",
        meaning=f"Requests failed, or tasks were not accepted within {args.objectives.accept_milliseconds} ms",
        bad={"late": (late, "Sum"), "broken": broken},
        all={"accepted": (accepted, "SampleCount"), "broken": broken},
        advice="Look at the validator's duration, cold starts and throttles.",
    )
    yield Objective(
        name="started",
        meaning=f"Tasks did not start within {args.objectives.start_seconds} s",
        bad={"late": (started, "Sum")},
        all={"started": (started, "SampleCount")},
        advice="Look at the breaker, at keys with many tasks, and at the processor's throttles.",
    )
    yield Objective(
        name="succeeded",
        meaning="Tasks failed for good",
        bad={"failed": (metrics.of_queue(args.processing.dead_letters, "NumberOfMessagesSent"), "Sum")},
        all={"ended": (metrics.of_workflow(args.processing.workflow, "ExecutionsSucceeded"), "Sum")},
        advice="Look at the failures by class.",
    )


def _queries(objective: Objective, seconds: int) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]:
    """The metrics, each once, and the expression that the alarm watches."""
    watched: aws.cloudwatch.MetricAlarmMetricQueryArgsDict = {
        "id": "share",
        "expression": objective.expression,
        "label": objective.meaning,
        "return_data": True,
    }
    return [
        watched,
        *(_query(one, *measured, seconds) for one, measured in {**objective.bad, **objective.all}.items()),
    ]


def _query(of: str, metric: Metric, statistic: str, seconds: int) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
    return {
        "id": of,
        "metric": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": metric.dimensions,
            "stat": statistic,
            "period": seconds,
        },
    }
