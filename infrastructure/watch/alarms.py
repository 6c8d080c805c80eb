"""Everything that people are told of by themselves: one table of alarms, all to one topic."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from infrastructure.api.rest_api import STAGE
from infrastructure.blocks.function import METRICS_NAMESPACE
from infrastructure.blocks.location import Location
from infrastructure.watch.alarm import Alarm, AllOf, AllOfArgs, Metric, MetricAlarm, MetricAlarmArgs

MINUTE = 60
TICKS = 2 * MINUTE  # a clock of one minute leaves out a minute now and then, and an alarm would go off twice


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What is watched, by the names that metrics have; `breaker` is the breaker's service name."""

    location: Location
    topic_arn: pulumi.Input[str]
    api: str
    validator: str
    processor: str
    breaker: str
    table: pulumi.Input[str]
    queue: str
    dead_letters: str
    event_failures: str
    pipe: str
    state_machine_arn: pulumi.Input[str]
    queue_age_seconds: int


class Alarms(pulumi.ComponentResource):
    """All alarms of the table, and the one that is made of two."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:alarms:Alarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        location, topics = args.location, (args.topic_arn,)
        told = {
            alarm.name: MetricAlarm(
                alarm.name, MetricAlarmArgs(location=location, alarm=alarm, topics=topics), opts=child
            )
            for alarm in table_of_alarms(args)
        }
        idle = _no_executions(args)
        none_started = MetricAlarm(idle.name, MetricAlarmArgs(location=location, alarm=idle), opts=child)
        AllOf(
            "queue-stuck",
            AllOfArgs(
                location=location,
                alarms=(told["queue-age"].alarm_name, none_started.alarm_name),
                says="Messages wait and no execution starts: the pipe moves nothing. Read the pipe's StateReason.",
                topics=topics,
            ),
            opts=child,
        )
        self.register_outputs({})


def table_of_alarms(args: AlarmsArgs) -> Iterator[Alarm]:
    """What people are told of. Errors of the API are the server's: a client's mistakes are no reason to get up."""
    yield Alarm(
        name="api-errors",
        metric=_api(args, "5XXError"),
        statistic="Sum",
        threshold=6,
        says="More than 5 requests in 5 minutes were answered with 5xx. Read the validator's log.",
    )
    yield Alarm(
        name="processor-errors",
        metric=_function(args.processor, "Errors"),
        statistic="Sum",
        threshold=11,
        says="More than 10 runs in 5 minutes failed. Read the processor's log, and the breaker's state.",
    )
    yield Alarm(
        name="dead-letters",
        metric=_queue(args.dead_letters, "ApproximateNumberOfMessagesVisible"),
        statistic="Maximum",
        threshold=1,
        period=MINUTE,
        says="A task failed for good. Its dead letter holds the message and the reason.",
    )
    yield Alarm(
        name="event-failures",
        metric=_queue(args.event_failures, "ApproximateNumberOfMessagesVisible"),
        statistic="Maximum",
        threshold=1,
        period=MINUTE,
        says="A task event was given up. Its message says where it stands in the stream, and why.",
    )
    yield Alarm(
        name="queue-age",
        metric=_queue(args.queue, "ApproximateAgeOfOldestMessage"),
        statistic="Maximum",
        threshold=args.queue_age_seconds,
        period=MINUTE,
        says=f"A task has waited for {args.queue_age_seconds} s. Look at the breaker, then at the slowest task type.",
    )
    yield from _pipe_and_breaker(args)
    yield from _executions(args)
    yield from _throttles(args)


def _pipe_and_breaker(args: AlarmsArgs) -> Iterator[Alarm]:
    yield Alarm(
        name="pipe-stopped",
        metric=_own(args.breaker, "PipeStopped"),
        statistic="Maximum",
        threshold=1,
        period=TICKS,
        periods=2,
        silence="told",  # nobody watches the pipe when the breaker's clock stands still
        says="The pipe stands though the breaker lets it run, or nobody looks after it. Read the pipe's StateReason.",
    )
    yield Alarm(
        name="breaker-open",
        metric=_own(args.breaker, "BreakerOpen"),
        statistic="Maximum",
        threshold=1,
        period=TICKS,
        says="The circuit breaker is open, or on trial: tasks wait. Read GET /breaker for the reason.",
    )


def _executions(args: AlarmsArgs) -> Iterator[Alarm]:
    for name, metric in (("failed-executions", "ExecutionsFailed"), ("timed-out-executions", "ExecutionsTimedOut")):
        yield Alarm(
            name=name,
            metric=_states(args, metric),
            statistic="Sum",
            threshold=1,
            says="An execution could not finish, so its message comes back. Read the state machine's log.",
        )


def _throttles(args: AlarmsArgs) -> Iterator[Alarm]:
    says = "AWS turned calls away. Compare the account's limits with the load."
    pipe = Metric(namespace="AWS/EventBridge/Pipes", name="ExecutionThrottled", dimensions={"PipeName": args.pipe})
    table = Metric(namespace="AWS/DynamoDB", name="WriteThrottleEvents", dimensions={"TableName": args.table})
    for name, metric in (
        ("api-throttles", _function(args.validator, "Throttles")),
        ("processor-throttles", _function(args.processor, "Throttles")),
        ("pipe-throttles", pipe),
        ("table-throttles", table),
    ):
        yield Alarm(name=name, metric=metric, statistic="Sum", threshold=1, says=says)


def _no_executions(args: AlarmsArgs) -> Alarm:
    """By itself it means that nothing is to be done."""
    return Alarm(
        name="no-executions",
        metric=_states(args, "ExecutionsStarted"),
        statistic="Sum",
        threshold=1,
        below=True,
        silence="breaching",
        says="No execution started in 5 minutes. A part of queue-stuck; by itself it means that there is no work.",
    )


def _api(args: AlarmsArgs, name: str) -> Metric:
    return Metric(namespace="AWS/ApiGateway", name=name, dimensions={"ApiName": args.api, "Stage": STAGE})


def _function(function: str, name: str) -> Metric:
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": function})


def _queue(queue: str, name: str) -> Metric:
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": queue})


def _states(args: AlarmsArgs, name: str) -> Metric:
    return Metric(namespace="AWS/States", name=name, dimensions={"StateMachineArn": args.state_machine_arn})


def _own(service: str, name: str) -> Metric:
    return Metric(namespace=METRICS_NAMESPACE, name=name, dimensions={"service": service})
