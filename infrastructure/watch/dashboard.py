"""The dashboard of a stage: overview, tasks, errors and performance, of what the other components made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from functions.tasks.errors import ErrorClass
from functions.tasks.events.names import ACCEPTED, REPLAYED, TRANSIENT_FAILURE
from functions.tasks.model import Status
from infrastructure.blocks.component import Component
from infrastructure.blocks.refs import FunctionRef, WorkflowRef
from infrastructure.watch import metrics
from infrastructure.watch.alarms import AlarmsArgs
from infrastructure.watch.metrics import Metric
from infrastructure.watch.queries import Query
from infrastructure.watch.widgets import Line, Section, Widget, alarm_status, graph, lay_out, log_table, number
from taskline import links

PERCENTILES = ("p50", "p95", "p99")
FIVE_MINUTES = 300
AGE, MESSAGES = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessages"
BY_TYPE = "${PROP('Dim.type')}"


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """`watched` is what the alarms watch, too; `alarms` are the ARNs of all, and `failures` is a query to show."""

    watched: AlarmsArgs
    alarms: Sequence[pulumi.Input[str]]
    failures: Query


class Dashboard(Component):
    """One dashboard, named after the stack. Public: `url`."""

    url: str

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Dashboard", name, opts)
        location = args.watched.location
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=location.prefix,
            dashboard_body=pulumi.Output.json_dumps({"widgets": lay_out(sections(args))}),
            opts=self._child,
        )
        self.url = links.dashboard(links.Place(location.region, location.partition), location.prefix)
        self.register_outputs({"url": self.url})


def sections(args: DashboardArgs) -> tuple[Section, ...]:
    """The four sections, each with the question that it answers."""
    machine = pulumi.Output.concat(
        "Is anything wrong, and does work wait? [State machine](", args.watched.processing.workflow.console_url, ")"
    )
    return (
        Section(title="Overview", text=machine, widgets=tuple(_overview(args))),
        Section(
            title="Tasks", text="What comes in, what waits, and how it ends.", widgets=tuple(_tasks(args.watched))
        ),
        Section(title="Errors", text="What fails, where, and why.", widgets=tuple(_errors(args))),
        Section(title="Performance", text="How long it takes, and what is near a limit.", widgets=tuple(_times(args))),
    )


def _overview(args: DashboardArgs) -> Iterator[Widget]:
    watched, region = args.watched, args.watched.location.region
    letters, breaker = watched.processing.dead_letters, watched.breaker
    accepted, dead = metrics.written_by(watched.validator, ACCEPTED), f"{MESSAGES}Visible"
    yield from alarm_status("Alarms", args.alarms)
    for title, lines in (
        ("Accepted per minute", [Line(accepted, "Sum", "Accepted per minute")]),
        ("Seconds that the oldest task waits", _of_queues(watched, AGE, "Seconds that the oldest task waits")),
        ("Waiting", _of_queues(watched, f"{MESSAGES}Visible", "Waiting")),
        ("In progress", _of_queues(watched, f"{MESSAGES}NotVisible", "In progress")),
        ("Dead letters", [Line(metrics.of_queue(letters, dead), "Maximum", "Dead letters")]),
    ):
        yield number(title, region, lines)
    yield number(
        "Breaker and pipe",
        region,
        [
            Line(metrics.written_by(breaker, "BreakerOpen"), "Maximum", "breaker open"),
            Line(metrics.written_by(breaker, "PipeStopped"), "Maximum", "pipe stopped"),
        ],
    )


def _tasks(watched: AlarmsArgs) -> Iterator[Widget]:
    region = watched.location.region
    ended = [
        Line(metrics.of_tasks(watched.events, "Tasks", status), "Sum", status, join="SUM")
        for status in (Status.SUCCEEDED, Status.CANCELLED)
    ]
    failed = metrics.of_tasks(watched.events, "Tasks", Status.FAILED, "error_class")
    accepted = [
        Line(metrics.written_by(watched.validator, ACCEPTED), "Sum", "accepted"),
        Line(metrics.written_by(watched.validator, REPLAYED), "Sum", "replayed"),
    ]
    yield graph("Accepted", region, accepted)
    yield graph("Ended", region, [*ended, Line(failed, "Sum", Status.FAILED, join="SUM")])
    by_type = metrics.of_tasks(watched.events, "Tasks", Status.SUCCEEDED)
    yield graph("Succeeded, by type", region, [Line(by_type, "Sum", BY_TYPE)])
    waiting = _of_queues(watched, f"{MESSAGES}Visible", "waiting")
    yield graph("Queue", region, [*waiting, *_of_queues(watched, f"{MESSAGES}NotVisible", "in progress")])
    yield graph("Age of the oldest task, in seconds", region, _of_queues(watched, AGE, "age"))
    started = metrics.of_workflow(watched.processing.workflow, "ExecutionsStarted")
    yield graph("Executions", region, [Line(started, "Sum", "started")])
    yield graph("Executions of tasks that take long", region, _of_long(watched))


def _errors(args: DashboardArgs) -> Iterator[Widget]:
    watched, region = args.watched, args.watched.location.region
    processor = watched.processing.processors[0]
    failed = metrics.of_tasks(watched.events, "Tasks", Status.FAILED, "error_class")
    label = f"{BY_TYPE} ${{PROP('Dim.error_class')}}"
    yield graph("Failed tasks, by type and class", region, [Line(failed, "Sum", label)])
    runs = [Line(metrics.written_by(processor, f"TaskErrors{one}"), "Sum", one) for one in ErrorClass]
    yield graph("Failed runs, by class", region, runs)
    rate = metrics.written_by(processor, TRANSIENT_FAILURE)
    yield graph("Share of the runs that fail for transient reasons", region, [Line(rate, "Average", "share")])
    yield log_table("Failures by class", region, args.failures.text, args.failures.groups, width=24)
    executions = [
        *_unfinished(watched.processing.workflow, ""),
        *_unfinished(watched.processing.long_workflow, ", long"),
        *_of_pipes(watched, "ExecutionFailed"),
    ]
    yield graph("Failed executions", region, executions)
    letters = [
        Line(metrics.of_queue(queue, "ApproximateNumberOfMessagesVisible"), "Maximum", name)
        for queue, name in ((watched.processing.dead_letters, "tasks"), (watched.event_failures, "events"))
    ]
    yield graph("Given up", region, letters)
    responses = [Line(metrics.of_api(watched.api, name), "Sum", name[:3]) for name in ("4XXError", "5XXError")]
    yield graph("Errors of the API", region, responses)
    yield graph("Errors of functions", region, _of_each(watched.functions, "Errors", "Sum"))
    throttles = [
        *_of_each(watched.functions, "Throttles", "Sum"),
        *_of_pipes(watched, "ExecutionThrottled"),
        Line(metrics.of_table(watched.table, "WriteThrottleEvents"), "Sum", "table, writes"),
        Line(metrics.of_table(watched.table, "ReadThrottleEvents"), "Sum", "table, reads"),
    ]
    yield graph("Throttles", region, throttles)
    yield graph(
        "Changes that were set aside",
        region,
        [Line(metrics.written_by(watched.events, "UnreadableChanges"), "Sum", "unreadable")],
    )


def _times(args: DashboardArgs) -> Iterator[Widget]:
    watched, region = args.watched, args.watched.location.region
    for name, status, title in (
        ("QueueToStart", Status.PROCESSING, "From queued to started"),
        ("StartToFinish", Status.SUCCEEDED, "From started to succeeded"),
    ):
        search = metrics.of_tasks(watched.events, name, status)
        slowest = [Line(search, one, one, join="MAX") for one in PERCENTILES]
        yield graph(f"{title}: the slowest type, in ms", region, slowest, width=12, period=FIVE_MINUTES)
        yield graph(
            f"{title}: p95 by type, in ms", region, [Line(search, "p95", BY_TYPE)], width=12, period=FIVE_MINUTES
        )
    workflow, events = watched.processing.workflow, watched.events
    yield graph("Execution, in ms", region, _percentiles(metrics.of_workflow(workflow, "ExecutionTime")))
    yield graph("API, in ms", region, _percentiles(metrics.of_api(watched.api, "Latency")))
    yield graph("Functions: p95, in ms", region, _of_each(watched.functions, "Duration", "p95"))
    together = Line(metrics.of_all_functions("ConcurrentExecutions"), "Maximum", "the whole account")
    concurrent = _of_each(watched.processing.processors, "ConcurrentExecutions", "Maximum")
    yield graph("Functions that run at once", region, [together, *concurrent])
    behind = Line(metrics.of_function(events, "IteratorAge"), "Maximum", "events")
    yield graph("Changes that wait to be published, in ms", region, [behind])
    units = [
        Line(metrics.of_table(watched.table, f"Consumed{which}CapacityUnits"), "Sum", which.lower())
        for which in ("Write", "Read")
    ]
    yield graph("Units of the table", region, units)


def _percentiles(metric: Metric) -> list[Line]:
    return [Line(metric, one, one) for one in PERCENTILES]


def _of_queues(watched: AlarmsArgs, name: str, label: str) -> list[Line]:
    """A metric of the queue of each lane."""
    lanes = watched.processing.lanes.all
    return [Line(metrics.of_queue(lane.queue, name), "Maximum", lane.named(label)) for lane in lanes]


def _of_pipes(watched: AlarmsArgs, name: str) -> list[Line]:
    """A metric of the pipe of each lane."""
    lanes = watched.processing.lanes.all
    return [Line(metrics.of_pipe(lane.pipe, name), "Sum", lane.named("pipe")) for lane in lanes]


def _of_long(watched: AlarmsArgs) -> list[Line]:
    """Executions of tasks that take long. How many run, CloudWatch only knows of all machines of the account."""
    workflow = watched.processing.long_workflow
    return [
        Line(metrics.of_workflow(workflow, "ExecutionsStarted"), "Sum", "started"),
        Line(metrics.of_workflow(workflow, "ExecutionsAborted"), "Sum", "stopped"),
        Line(metrics.of_all_long_workflows("OpenExecutionCount"), "Maximum", "running, in the whole account"),
    ]


def _unfinished(workflow: WorkflowRef, label: str) -> list[Line]:
    """What the alarms on executions watch, too."""
    return [
        Line(metrics.of_workflow(workflow, "ExecutionsFailed"), "Sum", f"failed{label}"),
        Line(metrics.of_workflow(workflow, "ExecutionsTimedOut"), "Sum", f"timed out{label}"),
    ]


def _of_each(functions: Sequence[FunctionRef], name: str, statistic: str) -> list[Line]:
    return [Line(metrics.of_function(one, name), statistic, one.name) for one in functions]
