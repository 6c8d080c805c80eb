"""The request handler of `GET /tasks/{task_id}` and `GET /tasks`, which show what happened to tasks."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.task_table.lists import DynamoDBTaskIndex
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.routes import serve
from functions.api.tasks import task_document
from functions.tasks.errors import NotFound
from functions.tasks.listing import pages
from functions.tasks.listing.model import parse_list_request
from functions.tasks.record import RecordStore
from functions.telemetry.observability import logger, metrics, tracer


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What the handler depends on."""

    records: RecordStore
    index: pages.TaskIndex


@cache
def build() -> Reader:
    """The dependencies, once per execution environment."""
    table_name = os.environ["TABLE_NAME"]
    return Reader(records=DynamoDBRecordStore(table_name), index=DynamoDBTaskIndex(table_name))


def read_task(request: Request) -> Response:
    """GET /tasks/{task_id}: the task and its outcome so far; 404 when there is no such task."""
    task_id = request.task_id()
    record = build().records.get(task_id)
    if record is None:
        raise NotFound(task_id)
    return json_response(200, task_document(record, request.stage))


def list_tasks(request: Request) -> Response:
    """GET /tasks: a page of tasks, newest first."""
    page = pages.list_tasks(parse_list_request(request.query), build().index)
    logger.info("listed", tasks=len(page.tasks))
    return json_response(200, page.model_dump(mode="json", exclude_none=True))


ROUTES = serve("reader", read_task, list_tasks)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES)
