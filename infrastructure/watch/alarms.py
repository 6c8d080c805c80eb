"""Everything that operators are notified of: one table of alarms, all to one topic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi

from functions.tasks.events.names import HALTED_SECONDS
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import ApiRef, FunctionRef, ProcessingRef, QueueRef, TableRef, TopicRef, WorkflowRef
from infrastructure.watch import metrics
from infrastructure.watch.alarm import Alarm, AllOf, AllOfArgs, MetricAlarm, MetricAlarmArgs

MINUTE = 60
DAY = 24 * 60 * MINUTE
TICKS = 2 * MINUTE  # a one-minute clock skips a minute now and then, and an alarm would go off twice
FORGOTTEN_SECONDS = 10 * DAY  # of the fourteen that queues of failures keep messages
EVENTS_BEHIND_MILLISECONDS = 10 * MINUTE * 1000
GATES_BEHIND_MILLISECONDS = 60_000
GATEKEEPER_TICK_SECONDS = 5 * MINUTE
QUEUE_AGE = "queue-age"  # of each lane


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What is watched; `functions` are all of the stack's. `notified` are the topics that are notified."""

    location: Location
    notified: tuple[TopicRef, ...]
    api: ApiRef
    validator: FunctionRef
    table: TableRef
    processing: ProcessingRef
    breaker: FunctionRef
    events: FunctionRef
    counter: FunctionRef
    gatekeeper: FunctionRef
    functions: Sequence[FunctionRef]
    event_failures: QueueRef
    queue_age_seconds: int
    halted_minutes: int
    concurrency: int


class Alarms(Component):
    """All alarms of the table, and the one that is composed of two. Public: `arns` of those that notify."""

    arns: tuple[pulumi.Output[str], ...]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Alarms", name, opts)
        alarms = {alarm.name: self._alarm(args.location, alarm, args.notified) for alarm in table_of_alarms(args)}
        stuck = AllOf(
            "queue-stuck",
            AllOfArgs(
                location=args.location,
                any_of=[alarms[lane.named(QUEUE_AGE)].alarm_name for lane in args.processing.lanes.all],
                alarms=[self._alarm(args.location, no_executions(args)).alarm_name],
                description="Messages wait and no execution starts: the pipe moves nothing. Read its StateReason.",
                topics=args.notified,
            ),
            opts=self._child,
        )
        self.arns = (*(alarm.arn for alarm in alarms.values()), stuck.arn)
        self.register_outputs({})

    def _alarm(self, location: Location, alarm: Alarm, topics: tuple[TopicRef, ...] = ()) -> MetricAlarm:
        args = MetricAlarmArgs(location=location, alarm=alarm, topics=topics)
        return MetricAlarm(alarm.name, args, opts=self._child)


def table_of_alarms(args: AlarmsArgs) -> Iterator[Alarm]:
    """All alarms that notify on their own."""
    yield from _errors(args)
    yield from _queues(args)
    yield from _stream(args)
    yield from _pipe_and_breaker(args)
    yield from _executions(args)
    yield from _throttles(args)


def no_executions(args: AlarmsArgs) -> Alarm:
    """Part of `queue-stuck`: on its own it means that there is no work."""
    return Alarm(
        name="no-executions",
        metric=metrics.of_workflow(args.processing.workflow, "ExecutionsStarted"),
        statistic="Sum",
        threshold=1,
        below=True,
        missing_data="breaching",
        description="No execution started in 5 minutes. Part of queue-stuck; on its own it only means no work.",
    )


def _short_name(function: FunctionRef, args: AlarmsArgs) -> str:
    return function.name.removeprefix(args.location.name(""))


def _errors(args: AlarmsArgs) -> Iterator[Alarm]:
    """Only the server's errors: a client's are no reason to get up."""
    yield Alarm(
        name="api-errors",
        metric=metrics.of_api(args.api, "5XXError"),
        statistic="Sum",
        threshold=6,
        description="More than 5 requests in 5 minutes got a 5xx response. Read the validator's log.",
    )
    for processor in args.processing.processors:
        yield Alarm(
            name=f"{_short_name(processor, args)}-errors",
            metric=metrics.of_function(processor, "Errors"),
            statistic="Sum",
            threshold=11,
            description="More than 10 runs in 5 minutes failed. Read the processor's log, and check the breaker.",
        )
    for function in args.functions:
        if function.service != args.processing.processors[0].service:  # whose errors are those of tasks, too
            yield Alarm(
                name=f"{function.service}-errors",
                metric=metrics.of_function(function, "Errors"),
                statistic="Sum",
                threshold=1,
                description="An invocation failed: a defect or a missing permission. Read the function's log.",
            )


def _queues(args: AlarmsArgs) -> Iterator[Alarm]:
    for name, queue, description in (
        (
            "dead-letters",
            args.processing.dead_letters,
            "A task has failed permanently. Its dead letter holds the message and the reason.",
        ),
        (
            "event-failures",
            args.event_failures,
            "A task event was given up. Its message holds the event's position in the stream and the reason.",
        ),
    ):
        visible = metrics.of_queue(queue, "ApproximateNumberOfMessagesVisible")
        yield Alarm(
            name=name, metric=visible, statistic="Maximum", threshold=1, period=MINUTE, description=description
        )
        yield Alarm(
            name=f"{name}-age",
            metric=metrics.of_queue(queue, "ApproximateAgeOfOldestMessage"),
            statistic="Maximum",
            threshold=FORGOTTEN_SECONDS,
            description="A message has waited for ten days, and is deleted after fourteen. Take care of it now.",
        )
    seconds = args.queue_age_seconds
    for lane in args.processing.lanes.all:
        yield Alarm(
            name=lane.named(QUEUE_AGE),
            entry=QUEUE_AGE,
            metric=metrics.of_queue(lane.queue, "ApproximateAgeOfOldestMessage"),
            statistic="Maximum",
            threshold=seconds,
            period=MINUTE,
            description=f"A task has waited for {seconds} s. Check the breaker, then the slowest task type.",
        )


def _stream(args: AlarmsArgs) -> Iterator[Alarm]:
    yield Alarm(
        name="events-behind",
        metric=metrics.of_function(args.events, "IteratorAge"),
        statistic="Maximum",
        threshold=EVENTS_BEHIND_MILLISECONDS,
        description="Changes of tasks wait for 10 minutes to be published, and are lost after a day. Read the events "
        "function's log.",
    )
    yield Alarm(
        name="counts-behind",
        metric=metrics.of_function(args.counter, "IteratorAge"),
        statistic="Maximum",
        threshold=EVENTS_BEHIND_MILLISECONDS,
        description="Changes of tasks wait for 10 minutes to be counted; after a day the counts are wrong for good. "
        "Read the counter's log.",
    )
    yield Alarm(
        name="gates-behind",
        metric=metrics.of_function(args.gatekeeper, "IteratorAge"),
        statistic="Maximum",
        threshold=GATES_BEHIND_MILLISECONDS,
        description="Tasks that are parked wait for a minute although their turn has come. Read the gatekeeper's log.",
    )
    yield Alarm(
        name="keys-halted",
        metric=metrics.written_by(args.gatekeeper, HALTED_SECONDS),
        statistic="Maximum",
        threshold=args.halted_minutes * MINUTE,
        period=2 * GATEKEEPER_TICK_SECONDS,
        description=f"A key has been halted for {args.halted_minutes} minutes. GET /keys shows which, and why: "
        "redrive the task that failed, skip it, or open the key.",
    )


def _pipe_and_breaker(args: AlarmsArgs) -> Iterator[Alarm]:
    yield Alarm(
        name="pipe-stopped",
        metric=metrics.written_by(args.breaker, "PipeStopped"),
        statistic="Maximum",
        threshold=1,
        period=TICKS,
        periods=2,
        missing_data="missing",  # without the breaker's clock, nothing watches the pipe
        description="The pipe is stopped although the breaker lets it run, or the breaker's clock does not tick. "
        "Read the pipe's StateReason.",
    )
    yield Alarm(
        name="breaker-open",
        metric=metrics.written_by(args.breaker, "BreakerOpen"),
        statistic="Maximum",
        threshold=1,
        period=TICKS,
        description="The circuit breaker is open or half-open: tasks wait. GET /breaker shows the reason.",
    )


def _executions(args: AlarmsArgs) -> Iterator[Alarm]:
    for lane in args.processing.lanes.all:
        yield Alarm(
            name=lane.named("pipe-failures"),
            entry="pipe-failures",
            metric=metrics.of_pipe(lane.pipe, "ExecutionFailed"),
            statistic="Sum",
            threshold=1,
            description="The pipe could not hand a message to the state machine, or its execution failed. If "
            "failed-executions is silent, it is the pipe itself: read its log, and check its role.",
        )
    yield from _unfinished("executions", args.processing.workflow, "so its message returns")
    yield from _unfinished("long-executions", args.processing.long_workflow, "so its task is sent again")


def _unfinished(name: str, workflow: WorkflowRef, consequence: str) -> Iterator[Alarm]:
    """Not those that were aborted: the execution of a task that is cancelled is stopped on purpose."""
    for end, metric in (("failed", "ExecutionsFailed"), ("timed-out", "ExecutionsTimedOut")):
        yield Alarm(
            name=f"{end}-{name}",
            metric=metrics.of_workflow(workflow, metric),
            statistic="Sum",
            threshold=1,
            description=f"An execution did not finish, {consequence}. Read the log of the state machine.",
        )


def _throttles(args: AlarmsArgs) -> Iterator[Alarm]:
    yield Alarm(
        name="account-concurrency",
        metric=metrics.of_all_functions("ConcurrentExecutions"),
        statistic="Maximum",
        threshold=args.concurrency,
        period=MINUTE,
        description=f"{args.concurrency} functions of this account ran at once, whoever they belong to: soon AWS "
        "throttles all of them. Ask for a higher quota, or see who takes so much.",
    )
    for name, metric, entry in (
        ("api-throttles", metrics.of_function(args.validator, "Throttles"), ""),
        *(
            (f"{_short_name(processor, args)}-throttles", metrics.of_function(processor, "Throttles"), "")
            for processor in args.processing.processors
        ),
        *(
            (lane.named("pipe-throttles"), metrics.of_pipe(lane.pipe, "ExecutionThrottled"), "pipe-throttles")
            for lane in args.processing.lanes.all
        ),
        ("table-throttles", metrics.of_table(args.table, "WriteThrottleEvents"), ""),
    ):
        yield Alarm(
            name=name,
            entry=entry,
            metric=metric,
            statistic="Sum",
            threshold=1,
            description="AWS throttled calls. Compare the account's limits with the load.",
        )
