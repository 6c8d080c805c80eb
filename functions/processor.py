"""The worker: the Lambda function that the state machine's ProcessTask invokes. See `tasks/runs/processing.py`."""

import logging
import os
import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.secrets import read_secret
from functions.task_types import load_task_types
from functions.tasks.errors import TRANSIENT, TaskError, TaskTypeUnavailable
from functions.tasks.model import Task
from functions.tasks.ports import Built
from functions.tasks.redaction import redact
from functions.tasks.registry import Registry
from functions.tasks.runs.processing import process, refuse_without_lease
from functions.tasks.runs.progress import Progress, Report
from functions.tasks.runs.tokens import worker_token
from functions.tasks.secrets import ReadSecret, no_secrets
from functions.telemetry.attempts import Attempt
from functions.telemetry.observability import logger, metrics, observed, tracer

MAX_CORRELATION_CHARACTERS = 128  # other producers may send any text


class CountedRun(Protocol):
    """One run of a task, as the circuit breaker and the objective for its start count it."""

    def started(self, *, late: bool) -> None:
        """The task's first run has begun."""
        ...

    def ended(self, *, transiently: bool, succeeded_in_ms: int | None = None) -> None:
        """The run is over; `transiently` if it failed for a transient reason. That it succeeded is logged."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the handler depends on. `now_ms` is in epoch milliseconds, `draw` returns a random number from 0 to 1.

    `begin_run` counts a run; it takes the seconds that the run has left. Only a pool with types that take long has a
    `progress`.
    """

    types: Registry
    now_ms: Callable[[], int]
    draw: Callable[[], float]
    begin_run: Callable[[float], CountedRun]
    read_secret: ReadSecret = no_secrets
    progress: Progress | None = None


@Built
def build() -> Ports:
    """The dependencies, once per execution environment."""
    return Ports(
        types=load_task_types(),
        read_secret=partial(read_secret, os.environ.get("SECRETS_PATH", "")),
        now_ms=lambda: time.time_ns() // 1_000_000,
        draw=random.random,
        begin_run=Attempt,
        progress=_progress(),
    )


def _progress() -> Progress | None:
    """Only pools with types that take long may touch the table; the others do not load its client."""
    if "TABLE_NAME" not in os.environ:
        return None
    from functions.adapters.task_table.progress import DynamoDBProgress

    return DynamoDBProgress(os.environ["TABLE_NAME"], lambda: datetime.now(UTC))


def _begin(run: CountedRun, now_ms: int, task: Task) -> None:
    """Of a task's first run, count whether it starts in time: a redrive or a retry comes late by nature."""
    logger.append_keys(type=task.type)
    limit = int(os.environ["START_SECONDS"]) if "START_SECONDS" in os.environ else 0
    if limit and task.created_at and task.attempt == 1:
        waited = now_ms - int(datetime.fromisoformat(task.created_at).timestamp() * 1000)
        run.started(late=waited > limit * 1000)


def _report(progress: Progress | None, event: dict[str, Any]) -> Report | None:
    """Notes progress, as long as the execution behind this run has the task's lease."""
    if progress is None:
        return None
    return partial(progress.note, event["task_id"], event["execution"].rpartition(":")[2])


def _log_traceback(error: TaskError) -> None:
    """For those who write task types: where it was raised, with secrets removed as in the error's message."""
    if logger.log_level <= logging.DEBUG:
        raised = error.__cause__ or error
        logger.debug("raised", traceback=redact("".join(traceback.format_exception(raised))))


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """`{"task_id", "body", "attempt", "run", "execution", "lease_until"}` in, `{"result": JSON text}` out.

    And `correlation_id`, the id of the request that sent the message, or null; earlier machines sent none. And of a
    type with a task token, `token`: then whoever brings that back has the result, and `result` is nobody's.
    Raises one of the `TaskError` classes: its name decides between retry and dead letter. Or what is not the task's
    fault: then the message returns to the queue.
    """
    ports = build()
    started = ports.now_ms()
    logger.set_correlation_id((event.get("correlation_id") or "")[:MAX_CORRELATION_CHARACTERS] or None)
    tracer.put_annotation("task_id", event["task_id"])
    logger.append_keys(task_id=event["task_id"], attempt=event["attempt"], execution=event["execution"], type=None)
    refuse_without_lease(event["lease_until"], ports.now_ms())
    run = ports.begin_run(context.get_remaining_time_in_millis() / 1000)
    try:
        result = process(
            event["body"],
            attempt=event["attempt"],
            run=event["run"],
            types=ports.types,
            read_secret=ports.read_secret,
            draw=ports.draw(),
            begins=partial(_begin, run, started),
            token=worker_token(event["task_id"], event["run"], event["token"]) if "token" in event else "",
            report=_report(ports.progress, event),
        )
    except TaskError as error:
        run.ended(transiently=error.error_class in TRANSIENT)
        metrics.add_metric(name=f"TaskErrors{error.error_class}", unit=MetricUnit.Count, value=1)
        logger.warning("failed", error_class=error.error_class, duration_ms=ports.now_ms() - started)
        _log_traceback(error)
        raise
    except TaskTypeUnavailable as error:
        run.ended(transiently=False)
        logger.error("not run", reason=str(error))
        raise
    run.ended(transiently=False, succeeded_in_ms=ports.now_ms() - started)
    return {"result": result}
