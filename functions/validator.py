"""The request handler of `POST /tasks`, `POST /tasks/batch` and `GET /health`.

A task starts here; next: `tasks/intake/submission.py`.
"""

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.headers import KEY_HEADER
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.idempotency import idempotency_key
from functions.api.routes import serve
from functions.api.tasks import accepted_response
from functions.task_types import load_task_types
from functions.tasks.clock import timestamp, uuid7
from functions.tasks.errors import Unavailable
from functions.tasks.events.names import ACCEPTED, ACCEPTED_LATE, REPLAYED
from functions.tasks.intake.idempotency import IdempotencyKey
from functions.tasks.intake.lanes import parse_lanes
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.intake.submission import Accepted, Ports, accept
from functions.tasks.ports import Built
from functions.tasks.tenancy import Tenancy
from functions.telemetry.observability import as_said, correlation_id, logger, metrics, observed, tracer

RESPONSES = (202, 207)  # of tasks that were accepted
MAX_REASON = 256  # characters
KEYS_IN_PARALLEL = 8  # boto3 keeps ten connections


@Built
def build() -> Ports:
    """The dependencies of intake, once per execution environment."""

    def now() -> datetime:
        return datetime.now(UTC)

    return Ports(
        records=DynamoDBRecordStore(os.environ["TABLE_NAME"], correlation_id=correlation_id),
        queue=SQSTaskQueue(parse_lanes(os.environ["QUEUE_URL"], os.environ), now=now, correlation_id=correlation_id),
        types=load_task_types(),
        now=now,
        new_id=lambda moment: uuid7(int(moment.timestamp() * 1000), os.urandom(10)),
        tenancy=Tenancy(os.environ["TENANCY"]),
        ordering=DefaultOrdering(os.environ["DEFAULT_ORDERING"]),
        id_secret=os.environ["ID_SECRET"].encode(),
        parallel_map=ThreadPoolExecutor(KEYS_IN_PARALLEL).map,
    )


def submit_task(request: Request) -> Response:
    """POST /tasks: 202 with the task as accepted, and where to read it."""
    accepted = accept(request.require_json(), request.caller, _key(request), build())
    record = accepted.record
    tracer.put_annotation("task_id", record.task_id)
    name, message = (REPLAYED, "replayed") if accepted.replayed else (ACCEPTED, "accepted")
    _count(name, 1)
    said = as_said(message, task_id=record.task_id)
    for name, value in said.items():  # in the line of the metrics
        metrics.add_metadata(name, value)
    return accepted_response(accepted, request.stage)


def submit_tasks(request: Request) -> Response:
    """POST /tasks/batch: 207 with the outcome of each task."""
    # Not at the top: most cold starts are for a single task.
    from functions.api.batches import batch_response
    from functions.tasks.intake.batch import accept_batch

    batch = accept_batch(request.require_json(), request.caller, _key(request), build())
    outcomes = batch.outcomes
    accepted = [one for one in outcomes if isinstance(one, Accepted)]
    tracer.put_annotation("batch_id", batch.batch_id)
    replayed = sum(one.replayed for one in accepted)
    for name, value in ((ACCEPTED, len(accepted) - replayed), (REPLAYED, replayed)):
        if value:
            _count(name, value)
    logger.info(
        "batch processed",
        batch_id=batch.batch_id,
        tasks=len(outcomes),
        task_ids=[one.record.task_id for one in accepted],
        replayed=replayed,
        unavailable=[str(one) for one in outcomes if isinstance(one, Unavailable)],
    )
    return batch_response(batch, request)


def health(_request: Request) -> Response:
    """GET /health: the API responds, with its time; `degraded` if there are task types that it could not load."""
    now, broken = timestamp(datetime.now(UTC)), load_task_types().broken
    if not broken:
        return json_response(200, {"status": "healthy", "timestamp": now})
    from functions.tasks.redaction import redact

    reasons = [{"module": module, "reason": redact(reason)[:MAX_REASON]} for module, reason in broken.items()]
    return json_response(200, {"status": "degraded", "timestamp": now, "task_types": reasons})


def _key(request: Request) -> IdempotencyKey | None:
    values = request.header_values(KEY_HEADER)
    return idempotency_key(values, request.caller, build().id_secret) if values else None


def _count(name: str, value: int) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def _measure_acceptance(event: Mapping[str, Any], status: int) -> None:
    """Count an acceptance that took longer than the stage's objective, from the gateway's receipt of the request on.

    One in time adds nothing: the acceptances themselves are counted.
    """
    if status not in RESPONSES or "ACCEPT_MILLISECONDS" not in os.environ:
        return
    received: int = event["requestContext"].get("requestTimeEpoch", 0)
    if received and time.time_ns() // 1_000_000 - received > int(os.environ["ACCEPT_MILLISECONDS"]):
        _count(ACCEPTED_LATE, 1)


ROUTES = serve("validator", submit_task, submit_tasks, health)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    response = dispatch(event, ROUTES)
    _measure_acceptance(event, response["statusCode"])
    return response
