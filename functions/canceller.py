"""The request handler of `DELETE /tasks/{task_id}`, and of the same for operators. The reader may not write."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.routes import serve
from functions.api.tasks import operator_document, task_document
from functions.tasks.cancelling import CancellableRecords, cancel
from functions.tasks.model import Status
from functions.tasks.ports import Built
from functions.tasks.record import Record
from functions.tasks.tenancy import EVERYTHING, Tenancy, View
from functions.telemetry.observability import logger, observed


@dataclass(frozen=True, kw_only=True)
class Canceller:
    """What the handler depends on."""

    records: CancellableRecords
    keep_for: timedelta
    now: Callable[[], datetime]
    tenancy: Tenancy


@Built
def build() -> Canceller:
    """The dependencies, once per execution environment."""
    return Canceller(
        records=DynamoDBRecordStore(os.environ["TABLE_NAME"]),
        keep_for=timedelta(seconds=int(os.environ["RETENTION_SECONDS"])),
        now=lambda: datetime.now(UTC),
        tenancy=Tenancy(os.environ["TENANCY"]),
    )


def cancel_task(request: Request) -> Response:
    """DELETE /tasks/{task_id}: 200 with the cancelled task, or 202 when one that takes long was asked to stop; 404, or
    409 when it is no longer queued.
    """
    record = _cancel(request, build().tenancy.view(request.caller))
    return json_response(_status(record), task_document(record, request.stage))


def cancel_any_task(request: Request) -> Response:
    """DELETE /operations/tasks/{task_id}: the same for any client's task."""
    record = _cancel(request, EVERYTHING)
    return json_response(_status(record), operator_document(record, request.stage))


def _status(record: Record) -> int:
    return 200 if record.status is Status.CANCELLED else 202


def _cancel(request: Request, view: View) -> Record:
    canceller, task_id = build(), request.task_id()
    record = cancel(task_id, view, records=canceller.records, now=canceller.now(), keep_for=canceller.keep_for)
    logger.info("cancelled", task_id=task_id)
    return record


ROUTES = serve("canceller", cancel_task, cancel_any_task)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES)
