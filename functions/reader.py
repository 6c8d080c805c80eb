"""The request handler of `GET /tasks/{task_id}`, `GET /tasks` and `GET /stats`, which show what happened to tasks.

Operators have the same three under `/operations`, and see all tasks there.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.count_table.opened import DynamoDBOpenCounts
from functions.adapters.count_table.reading import DynamoDBStoredCounts
from functions.adapters.task_table.lists import DynamoDBTaskIndex, OpenTasks
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.routes import serve
from functions.api.tasks import operator_document, task_document
from functions.tasks.counting.model import OperatorStatsRequest, Stats, parse_stats_request
from functions.tasks.counting.summing import StoredCounts, read_stats
from functions.tasks.errors import NotFound
from functions.tasks.listing import pages
from functions.tasks.listing.model import OperatorListRequest, TaskList, parse_list_request
from functions.tasks.ports import Built
from functions.tasks.record import Record, RecordStore
from functions.tasks.tenancy import EVERYTHING, Tenancy, View
from functions.telemetry.observability import logger, observed

SHARDS_IN_PARALLEL = 8  # boto3 keeps ten connections
COUNTING = timedelta(seconds=5)  # from the end of the stage's delay until changes are counted, nearly always


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What the handler depends on."""

    records: RecordStore
    index: pages.TaskIndex
    counts: StoredCounts
    tenancy: Tenancy
    now: Callable[[], datetime] = _now


@Built
def build() -> Reader:
    """The dependencies, once per execution environment."""
    table_name, counts_name = os.environ["TABLE_NAME"], os.environ["COUNTS_TABLE_NAME"]
    opened = OpenTasks(
        counts=DynamoDBOpenCounts(counts_name),
        delay=timedelta(seconds=int(os.environ["COUNT_DELAY_SECONDS"])) + COUNTING,
        now=_now,
    )
    return Reader(
        records=DynamoDBRecordStore(table_name),
        index=DynamoDBTaskIndex(table_name, opened, parallel_map=ThreadPoolExecutor(SHARDS_IN_PARALLEL).map),
        counts=DynamoDBStoredCounts(counts_name),
        tenancy=Tenancy(os.environ["TENANCY"]),
    )


def read_task(request: Request) -> Response:
    """GET /tasks/{task_id}: the task and its outcome so far; 404 when the caller has no such task."""
    record = _find(request, build().tenancy.view(request.caller))
    return json_response(200, task_document(record, request.stage))


def read_any_task(request: Request) -> Response:
    """GET /operations/tasks/{task_id}: any client's task, and whose it is."""
    return json_response(200, operator_document(_find(request, EVERYTHING), request.stage))


def list_tasks(request: Request) -> Response:
    """GET /tasks: a page of the caller's tasks, newest first."""
    reader = build()
    view = reader.tenancy.view(request.caller)
    page = pages.list_tasks(parse_list_request(request.query, view), view, reader.index)
    return _respond(page, exclude={"tasks": {"__all__": {"tenant"}}})


def list_all_tasks(request: Request) -> Response:
    """GET /operations/tasks: a page of all clients' tasks, client by client, or of one client's."""
    list_request = parse_list_request(request.query, EVERYTHING, OperatorListRequest)
    return _respond(pages.list_tasks(list_request, EVERYTHING, build().index))


def stats(request: Request) -> Response:
    """GET /stats: how many of the caller's tasks are in which status, and what happened lately."""
    reader = build()
    view = reader.tenancy.view(request.caller)
    return _respond_stats(read_stats(parse_stats_request(request.query), view, reader.counts, reader.now()))


def all_stats(request: Request) -> Response:
    """GET /operations/stats: the same of all clients' tasks, or of one client's."""
    reader = build()
    stats_request = parse_stats_request(request.query, OperatorStatsRequest)
    return _respond_stats(read_stats(stats_request, EVERYTHING, reader.counts, reader.now()))


def _respond_stats(found: Stats) -> Response:
    return json_response(200, found.model_dump(mode="json", exclude_none=True))


def _find(request: Request, view: View) -> Record:
    task_id = request.task_id()
    record = build().records.get(task_id)
    if record is None or not view.shows(record.tenant):
        raise NotFound(task_id)
    return record


def _respond(page: TaskList, exclude: Any = None) -> Response:
    logger.info("listed", tasks=len(page.tasks))
    return json_response(200, page.model_dump(mode="json", exclude_none=True, exclude=exclude))


ROUTES = serve("reader", read_task, read_any_task, list_tasks, list_all_tasks, stats, all_stats)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES)
