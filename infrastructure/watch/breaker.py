"""The circuit breaker: its function, what it remembers, and the alarm and the clock that call it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from functions.tasks.events.measures import TRANSIENT_FAILURE
from infrastructure.blocks import iam
from infrastructure.blocks.function import METRICS_NAMESPACE, Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.topic import Topic, TopicArgs
from infrastructure.settings.stack import BreakerSettings
from infrastructure.watch.alarm import Alarm, AllOf, AllOfArgs, Metric, MetricAlarm, MetricAlarmArgs

TIMEOUT_SECONDS = 28  # it answers the API, too
MEMORY_MEGABYTES = 256
TICK = "rate(1 minute)"  # the shortest that EventBridge has


@dataclass(frozen=True, kw_only=True)
class BreakerArgs:
    """Which pipe it stops and starts; `processor` is the service whose metric tells how tasks fare."""

    defaults: FunctionDefaults
    settings: BreakerSettings
    pipe_name: str
    pipe_arn: pulumi.Input[str]
    processor: str


class Breaker(pulumi.ComponentResource):
    """Stops the pipe when tasks fail for reasons that pass. Public: `function`."""

    function: Function

    def __init__(self, name: str, args: BreakerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:breaker:Breaker", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        location = args.defaults.location
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=location.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            server_side_encryption={"enabled": True},
            opts=self._child,
        )
        trips = Topic("breaker-trips", TopicArgs(location=location, alarms=True), opts=self._child)
        self.function = Function(name, _function(args, table), opts=self._child)
        self._call_on_alarm(name, args, trips)
        self._call_each_minute(name, args)
        self.register_outputs({})

    def _call_on_alarm(self, name: str, args: BreakerArgs, trips: Topic) -> None:
        allowed = self._let_call(f"{name}-trips", "sns", trips.arn)
        aws.sns.TopicSubscription(
            f"{name}-subscription",
            topic=trips.arn,
            protocol="lambda",
            endpoint=self.function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        location = args.defaults.location
        parts = [
            MetricAlarm(alarm.name, MetricAlarmArgs(location=location, alarm=alarm), opts=self._child)
            for alarm in trip_alarms(args)
        ]
        AllOf(
            "breaker-trip",
            AllOfArgs(
                location=location,
                alarms=[part.alarm_name for part in parts],
                says="Too many runs fail for reasons that pass: the breaker opens. Look at what the tasks talk to.",
                topics=(trips.arn,),
            ),
            opts=self._child,
        )

    def _call_each_minute(self, name: str, args: BreakerArgs) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=args.defaults.location.name(f"{name}-tick"),
            description="The circuit breaker's clock",
            schedule_expression=TICK,
            opts=self._child,
        )
        allowed = self._let_call(f"{name}-tick", "events", rule.arn)
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            arn=self.function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )

    def _let_call(self, name: str, service: str, source_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        return aws.lambda_.Permission(
            f"{name}-permission",
            action="lambda:InvokeFunction",
            principal=f"{service}.amazonaws.com",
            function=self.function.arn,
            source_arn=source_arn,
            opts=self._child,
        )


def trip_alarms(args: BreakerArgs) -> tuple[Alarm, Alarm]:
    """The rate and the volume: both together open the breaker. An average needs no metric math."""
    settings = args.settings
    metric = Metric(namespace=METRICS_NAMESPACE, name=TRANSIENT_FAILURE, dimensions={"service": args.processor})
    rate = Alarm(
        name="breaker-rate",
        metric=metric,
        statistic="Average",
        threshold=settings.percent / 100,
        period=settings.period_seconds,
        says=f"{settings.percent} % of the runs failed for reasons that pass. A part of breaker-trip.",
    )
    volume = Alarm(
        name="breaker-volume",
        metric=metric,
        statistic="SampleCount",
        threshold=settings.attempts,
        period=settings.period_seconds,
        says=f"There were {settings.attempts} runs, enough to judge by. A part of breaker-trip.",
    )
    return rate, volume


def _function(args: BreakerArgs, table: aws.dynamodb.Table) -> FunctionArgs:
    settings = args.settings
    return FunctionArgs(
        defaults=args.defaults,
        environment={
            "BREAKER_TABLE_NAME": table.name,
            "PIPE_NAME": args.pipe_name,
            "PROCESSOR_SERVICE": args.processor,
            "FAILURE_PERCENT": str(settings.percent),
            "COOL_DOWN_SECONDS": str(settings.cool_down_seconds),
            "PROBE_SECONDS": str(settings.probe_seconds),
        },
        statements=(iam.remember_breaker(table.arn), iam.switch_pipe(args.pipe_arn), iam.read_failure_rate()),
        timeout=TIMEOUT_SECONDS,
        memory_megabytes=MEMORY_MEGABYTES,
    )
