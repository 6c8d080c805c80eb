"""Saved queries of Logs Insights: what people look for in the logs of a stage, ready to run.

The fields are those of the lines that functions, state machine and API write; tests run each query over such lines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import ApiRef, FunctionRef, ProcessingRef, Text
from taskline.links import EXECUTION, ONE_EXECUTION, ONE_REQUEST, ONE_TASK, REQUEST, TASK


@dataclass(frozen=True, kw_only=True)
class Query:
    """One query: over which log groups, its lines without the bars between them, and what it is for."""

    name: str
    groups: tuple[Text, ...]
    lines: tuple[str, ...]
    about: str

    @property
    def text(self) -> str:
        """The query as Logs Insights takes it."""
        return "\n| ".join(self.lines)


@dataclass(frozen=True, kw_only=True)
class QueriesArgs:
    """What writes the logs. `functions` are all of the stack's, `front` those that serve the API."""

    location: Location
    api: ApiRef
    front: tuple[FunctionRef, ...]
    processing: ProcessingRef
    events: FunctionRef
    functions: tuple[FunctionRef, ...]


class Queries(Component):
    """All queries of the table, in a folder named after the stack.

    Public: `by_name`, and `of_one`, what links about one thing are made of: text and log groups of their queries.
    """

    by_name: Mapping[str, Query]
    of_one: Mapping[str, Mapping[str, object]]

    def __init__(self, name: str, args: QueriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:Queries", name, opts)
        self.by_name = {query.name: query for query in table_of_queries(args)}
        for query in self.by_name.values():
            aws.cloudwatch.QueryDefinition(
                f"{query.name}-query",
                name=f"{args.location.prefix}/{query.name}",
                log_group_names=list(query.groups),
                query_string=query.text,
                opts=self._child,
            )
        self.of_one = {one.name: {"query": one.text, "log_groups": list(one.groups)} for one in _of_one(args)}
        self.register_outputs({})


def table_of_queries(args: QueriesArgs) -> Iterator[Query]:
    """All queries, those about one thing first."""
    yield from _of_one(args)
    yield from _of_tasks(args)
    yield from _of_trouble(args)


def _machines(args: QueriesArgs) -> tuple[Text, ...]:
    return args.processing.workflow.log_group, args.processing.long_workflow.log_group


def _processors(args: QueriesArgs) -> tuple[Text, ...]:
    return tuple(processor.log_group for processor in args.processing.processors)


def _front(args: QueriesArgs) -> tuple[Text, ...]:
    return tuple(function.log_group for function in args.front)


def _of_one(args: QueriesArgs) -> Iterator[Query]:
    """Their ids take the place of what is in capitals."""
    yield Query(
        name=ONE_TASK,
        groups=(*_front(args), *_machines(args), *_processors(args), args.events.log_group),
        lines=(
            "fields @timestamp, service, message, type, attempt, error_class, duration_ms, details.name, "
            "details.error, execution, execution_arn",
            f'filter @message like "{TASK}"',
            "sort @timestamp asc",
            "limit 1000",
        ),
        about="Everything that names one task: its submission, its executions, its runs, its redrives, its end.",
    )
    yield Query(
        name=ONE_EXECUTION,
        groups=(*_machines(args), *_processors(args), args.events.log_group),
        lines=(
            "fields @timestamp, type, details.name, details.error, details.cause, message, attempt, error_class, "
            "duration_ms",
            f'filter execution_arn like "{EXECUTION}" or execution like "{EXECUTION}"',
            "sort @timestamp asc, id asc",
            "limit 1000",
        ),
        about="The events of one execution, with the lines of its runs between them.",
    )
    yield Query(
        name=ONE_REQUEST,
        groups=(args.api.log_group, *_front(args), *_processors(args), args.events.log_group),
        lines=(
            "fields @timestamp, service, message, level, method, route, status, latency_ms, integration_error, "
            "task_id, attempt, error_class",
            f'filter request_id = "{REQUEST}" or correlation_id = "{REQUEST}"',
            "sort @timestamp asc",
            "limit 100",
        ),
        about="One request to the API: its line in the access log, and what functions wrote about it and its tasks.",
    )


def _of_tasks(args: QueriesArgs) -> Iterator[Query]:
    yield Query(
        name="slowest-tasks",
        groups=_processors(args),
        lines=(
            "filter ispresent(duration_ms)",
            "stats sum(duration_ms) as running_ms, count(*) as runs, latest(message) as outcome, "
            "latest(execution) as last_execution by task_id, type",
            "sort running_ms desc",
            "limit 25",
        ),
        about="The tasks whose runs took the longest, all runs together.",
    )
    yield Query(
        name="failures-by-class",
        groups=_processors(args),
        lines=(
            'filter message = "failed" and ispresent(error_class)',
            "stats count(*) as runs, count_distinct(task_id) as tasks, latest(task_id) as latest_task, "
            "max(@timestamp) as latest_at by error_class, type",
            "sort runs desc",
        ),
        about="Failed runs by error class and task type, with the latest task of each.",
    )
    yield Query(
        name="failed-tasks",
        groups=(args.events.log_group,),
        lines=(
            'filter message = "task ended" and status = "failed"',
            "display @timestamp, task_id, type, ordering_key, attempts, error.class, error.type, error.message, data, "
            "execution",
            "sort @timestamp desc",
            "limit 100",
        ),
        about="Failed tasks with their data, where executionDataSampling logs it.",
    )


def _of_trouble(args: QueriesArgs) -> Iterator[Query]:
    yield Query(
        name="failed-executions",
        groups=_machines(args),
        lines=(
            'filter type in ["ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"]',
            "stats count(*) as executions, latest(execution_arn) as latest_execution, max(@timestamp) as latest_at "
            "by details.error, details.cause",
            "sort executions desc",
        ),
        about="Executions that did not finish, by reason: their messages returned, or their tasks were sent again.",
    )
    yield Query(
        name="throttles",
        groups=_machines(args),
        lines=(
            'filter type = "TaskFailed" and details.error like /TooManyRequests|Throttl|ThroughputExceeded/',
            "stats count(*) as refused by bin(5m), details.resource, details.error",
        ),
        about="Calls of the state machines that AWS throttled, every five minutes.",
    )
    yield Query(
        name="refused-requests",
        groups=_front(args),
        lines=(
            'filter message = "rejected"',
            "stats count(*) as requests by service, status, fields.0",
            "sort requests desc",
        ),
        about="Requests that the API refused, by function, status and first wrong field.",
    )
    yield Query(
        name="errors",
        groups=tuple(function.log_group for function in args.functions),
        lines=(
            'filter level in ["ERROR", "CRITICAL"]',
            "stats count(*) as lines, latest(exception_name) as exception, latest(function_request_id) as request, "
            "max(@timestamp) as latest_at by service, message",
            "sort lines desc",
        ),
        about="What the functions logged as errors, by function and message.",
    )
