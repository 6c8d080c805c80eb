"""The request handler of `POST /tasks/{task_id}/complete`, `/fail` and `/heartbeat`. See `tasks/runs/workers.py`."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.executions import StepFunctionsTokens
from functions.adapters.task_table.progress import DynamoDBProgress
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.routes import serve
from functions.task_types import load_task_types
from functions.tasks.errors import NotFound
from functions.tasks.ports import Built
from functions.tasks.record import Record, RecordStore
from functions.tasks.registry import Registry
from functions.tasks.runs import workers
from functions.tasks.runs.progress import Progress
from functions.tasks.runs.workers import Completion, Heartbeat, Tokens, WorkerFailure, parse_worker_request
from functions.tasks.tenancy import Tenancy
from functions.telemetry.observability import logger, observed


@dataclass(frozen=True, kw_only=True)
class Workers:
    """What the handler depends on. `draw` returns a random number from 0 to 1."""

    records: RecordStore
    tokens: Tokens
    progress: Progress
    types: Registry
    tenancy: Tenancy
    draw: Callable[[], float]


@Built
def build() -> Workers:
    """The dependencies, once per execution environment."""
    table = os.environ["TABLE_NAME"]
    return Workers(
        records=DynamoDBRecordStore(table),
        tokens=StepFunctionsTokens(),
        progress=DynamoDBProgress(table, lambda: datetime.now(UTC)),
        types=load_task_types(),
        tenancy=Tenancy(os.environ["TENANCY"]),
        draw=random.random,
    )


def complete_task(request: Request) -> Response:
    """POST /tasks/{task_id}/complete: 202 when the result is on its way into the record."""
    record, completion = _record(request), parse_worker_request(request.require_json(), Completion)
    workers.complete(record.task_id, completion, build().tokens)
    return _respond("completed", record)


def fail_task(request: Request) -> Response:
    """POST /tasks/{task_id}/fail: 202 when the run has failed; the task's type says whether there is another."""
    record, failure = _record(request), parse_worker_request(request.require_json(), WorkerFailure)
    ports = build()
    workers.fail(record.task_id, record.type, failure, types=ports.types, tokens=ports.tokens, draw=ports.draw())
    return _respond("failed", record)


def beat_task(request: Request) -> Response:
    """POST /tasks/{task_id}/heartbeat: 200, and whether the task was cancelled meanwhile."""
    record, heartbeat = _record(request), parse_worker_request(request.require_json(), Heartbeat)
    ports, progress = build(), heartbeat.progress
    workers.beat(record.task_id, heartbeat.token, ports.tokens)
    if progress is not None:
        ports.progress.note(record.task_id, None, progress.percent, progress.text)
    return json_response(200, {"task_id": record.task_id, "cancel_requested": record.cancel_requested_at is not None})


def _record(request: Request) -> Record:
    ports, task_id = build(), request.task_id()
    record = ports.records.get(task_id)
    if record is None or not ports.tenancy.view(request.caller).shows(record.tenant):
        raise NotFound(task_id)
    return record


def _respond(what: str, record: Record) -> Response:
    logger.info(what, task_id=record.task_id, type=record.type)
    return json_response(202, {"task_id": record.task_id, "status": record.status})


ROUTES = serve("workers", complete_task, fail_task, beat_task)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES)
