"""The circuit breaker: its function, its table, and the alarm and the clock that call it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from functions.tasks.events.names import TRANSIENT_FAILURE
from infrastructure.blocks import encryption, iam
from infrastructure.blocks.clock import allow_calls, call_regularly
from infrastructure.blocks.component import Component
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.refs import FunctionRef, Grant, ProcessingRef, TopicRef, grant
from infrastructure.blocks.topic import Topic, TopicArgs
from infrastructure.settings.watch import BreakerSettings
from infrastructure.watch import metrics
from infrastructure.watch.alarm import Alarm, AllOf, AllOfArgs, MetricAlarm, MetricAlarmArgs

TIMEOUT_SECONDS = 28  # it serves the API, too
MEMORY_MEGABYTES = 256
TICK = "rate(1 minute)"  # the shortest that EventBridge has


@dataclass(frozen=True, kw_only=True)
class BreakerArgs:
    """The pipes of `processing` are stopped and started; the processor's metrics show how many runs fail."""

    defaults: FunctionDefaults
    settings: BreakerSettings
    processing: ProcessingRef


class Breaker(Component):
    """Stops the pipe when tasks fail for transient reasons. Public: `function`, and `trip_arn` of the alarm that calls
    it.
    """

    function: FunctionRef
    trip_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BreakerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Breaker", name, opts)
        self._name, self._location = name, args.defaults.location
        trips = Topic("breaker-trips", TopicArgs(location=self._location, alarms=True), opts=self._child).ref
        self.function = Function(name, _function(args, self._table()), opts=self._child).ref
        self.trip_arn = self._call_on_alarm(trips, trip_alarms(args))
        call_regularly(
            name,
            self.function,
            rate=TICK,
            about="The circuit breaker's clock",
            location=self._location,
            parent=self,
        )
        self.register_outputs({})

    def _table(self) -> Grant:
        """The breaker's memory, and the use of it."""
        table = aws.dynamodb.Table(
            f"{self._name}-table",
            name=self._location.name(self._name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            server_side_encryption=encryption.of_table(self._location),
            opts=self._child,
        )
        return grant(iam.remember_breaker(table.arn), BREAKER_TABLE_NAME=table.name)

    def _call_on_alarm(self, trips: TopicRef, alarms: tuple[Alarm, Alarm]) -> pulumi.Output[str]:
        allowed = allow_calls(f"{self._name}-trips", self.function, "sns", trips.arn, self._child)
        aws.sns.TopicSubscription(
            f"{self._name}-subscription",
            topic=trips.arn,
            protocol="lambda",
            endpoint=self.function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        parts = [
            MetricAlarm(alarm.name, MetricAlarmArgs(location=self._location, alarm=alarm), opts=self._child)
            for alarm in alarms
        ]
        trip = AllOf(
            "breaker-trip",
            AllOfArgs(
                location=self._location,
                alarms=[part.alarm_name for part in parts],
                description="Too many runs fail for transient reasons: the breaker opens. Check what the tasks call.",
                topics=(trips,),
                reports_recovery=False,
            ),
            opts=self._child,
        )
        return trip.arn


def trip_alarms(args: BreakerArgs) -> tuple[Alarm, Alarm]:
    """The rate and the volume: both together open the breaker. An average needs no metric math."""
    settings = args.settings
    metric = metrics.written_by(args.processing.processors[0], TRANSIENT_FAILURE)
    rate = Alarm(
        name="breaker-rate",
        metric=metric,
        statistic="Average",
        threshold=settings.percent / 100,
        period=settings.period_seconds,
        description=f"{settings.percent} % of the runs failed for transient reasons. Part of breaker-trip.",
    )
    volume = Alarm(
        name="breaker-volume",
        metric=metric,
        statistic="SampleCount",
        threshold=settings.attempts,
        period=settings.period_seconds,
        description=f"There were {settings.attempts} runs, enough to judge. Part of breaker-trip.",
    )
    return rate, volume


def _function(args: BreakerArgs, memory: Grant) -> FunctionArgs:
    settings = args.settings
    return FunctionArgs(
        defaults=args.defaults,
        grants=(memory, args.processing.lanes.switching(), grant(iam.read_failure_rate())),
        environment={
            "PROCESSOR_SERVICE": args.processing.processors[0].service,
            "FAILURE_PERCENT": str(settings.percent),
            "MINIMUM_ATTEMPTS": str(settings.attempts),
            "PERIOD_SECONDS": str(settings.period_seconds),
            "COOL_DOWN_SECONDS": str(settings.cool_down_seconds),
            "PROBE_SECONDS": str(settings.probe_seconds),
        },
        timeout=TIMEOUT_SECONDS,
        memory_megabytes=MEMORY_MEGABYTES,
        reserved_concurrency=settings.reserved_concurrency,
    )
