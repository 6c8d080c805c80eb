"""The request handler of `POST /tasks`, `POST /tasks/batch` and `GET /health`.

A task's way begins here; next: `tasks/submission.py`.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.batching import batch_answer, count
from functions.api.dispatch import dispatch
from functions.api.links import task_document
from functions.api.messages import Request, Response, answer
from functions.api.routes import serve
from functions.task_types import load_task_types
from functions.tasks.clock import uuid7
from functions.tasks.errors import Unavailable
from functions.tasks.intake.batch import BatchSubmission, SideBySide, new_records, parse_batch
from functions.tasks.intake.idempotency import KEY_HEADER, REPLAYED_HEADER, IdempotencyKey, idempotency_key
from functions.tasks.intake.submission import (
    MAX_BODY_BYTES,
    Accepted,
    TaskQueue,
    new_record,
    submit,
    timestamp,
    too_large,
)
from functions.tasks.intake.validation import parse_new_task
from functions.tasks.record import RecordStore
from functions.tasks.registry import Registry
from functions.telemetry.observability import logger, metrics, tracer

KEYS_SIDE_BY_SIDE = 8  # boto3 keeps ten connections
# Until when another task of a batch is begun. One takes at most 21 s (a put, the read after its lost reply, a send,
# each with all their attempts timing out), and the function has 28.
BATCH_SECONDS = 6


@dataclass(frozen=True, kw_only=True)
class Validator:
    """What the handler works with."""

    records: RecordStore
    queue: TaskQueue
    types: Registry
    side_by_side: SideBySide = map


@cache
def build() -> Validator:
    """Clients and registry, once per execution environment."""
    return Validator(
        records=DynamoDBRecordStore(os.environ["TABLE_NAME"]),
        queue=SQSTaskQueue(os.environ["QUEUE_URL"]),
        types=load_task_types(),
        side_by_side=ThreadPoolExecutor(KEYS_SIDE_BY_SIDE).map,
    )


def submit_task(request: Request) -> Response:
    """POST /tasks: 202 with the task as accepted, and where to read it."""
    text = request.require_json()
    if len(text.encode(errors="surrogatepass")) > MAX_BODY_BYTES:
        raise too_large()
    validator = build()
    new_task = parse_new_task(text, validator.types)
    record = new_record(new_task, key=_key(request), now=datetime.now(UTC), new_id=_new_id)
    accepted = submit(record, records=validator.records, queue=validator.queue)
    _count(accepted=int(not accepted.replayed), replayed=int(accepted.replayed))
    word = "replayed" if accepted.replayed else "accepted"
    logger.info(word, task_id=record.task_id, ordering_key=record.ordering_key, type=record.type)
    document = task_document(accepted.record, request.stage)
    replayed = {REPLAYED_HEADER: "true"} if accepted.replayed else {}
    return answer(202, document, {"Location": f"/{request.stage}/tasks/{record.task_id}", **replayed})


def submit_tasks(request: Request) -> Response:
    """POST /tasks/batch: 207 with what became of each task."""
    validator, deadline = build(), time.monotonic() + BATCH_SECONDS
    items = parse_batch(request.require_json(), validator.types)
    planned = new_records(items, key=_key(request), now=datetime.now(UTC), new_id=_new_id)
    submission = BatchSubmission(
        records=validator.records,
        queue=validator.queue,
        in_time=lambda: time.monotonic() < deadline,
        side_by_side=validator.side_by_side,
    )
    outcomes = submission.run(planned)
    counts = count(outcomes)
    _count(accepted=counts.accepted, replayed=counts.replayed)
    task_ids = [one.record.task_id for one in outcomes if isinstance(one, Accepted)]
    causes = [str(one) for one in outcomes if isinstance(one, Unavailable)]
    logger.info("batch", tasks=len(items), task_ids=task_ids, replayed=counts.replayed, unavailable=causes)
    return batch_answer(request, outcomes)


def _key(request: Request) -> IdempotencyKey | None:
    return idempotency_key(request.header_values(KEY_HEADER), request.api_key_id)


def _new_id(moment: datetime) -> str:
    return uuid7(int(moment.timestamp() * 1000), os.urandom(10))


def _count(*, accepted: int, replayed: int) -> None:
    for name, value in (("TasksAccepted", accepted), ("TasksReplayed", replayed)):
        if value:
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def health(request: Request) -> Response:
    """GET /health: the API answers, and what time it thinks it is."""
    return answer(200, {"status": "healthy", "timestamp": timestamp(datetime.now(UTC))})


ROUTES = serve("validator", submit_task, submit_tasks, health)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES)
