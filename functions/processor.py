"""The worker: the Lambda function that the state machine's ProcessTask invokes. See `tasks/processing.py`."""

import random
import time
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.task_types import load_task_types
from functions.tasks.errors import TRANSIENT, TaskError
from functions.tasks.processing import process, refuse_without_lease
from functions.tasks.registry import Registry
from functions.telemetry.attempts import Attempt
from functions.telemetry.observability import logger, metrics, tracer


@cache
def build() -> Registry:
    """The task types, once per execution environment."""
    return load_task_types()


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """`{"task_id", "body", "attempt", "run", "execution", "lease_until"}` in, `{"result": JSON text}` out.

    Raises one of the `TaskError` classes: its name decides between retry and dead letter.
    """
    logger.append_keys(task_id=event["task_id"], attempt=event["attempt"], execution=event["execution"])
    refuse_without_lease(event["lease_until"], time.time_ns() // 1_000_000)
    run = Attempt(context.get_remaining_time_in_millis() / 1000)
    try:
        result = process(
            event["body"], attempt=event["attempt"], run=event["run"], types=build(), draw=random.random()
        )
    except TaskError as error:
        run.ended(transiently=error.error_class in TRANSIENT)
        metrics.add_metric(name=f"TaskErrors{error.error_class}", unit=MetricUnit.Count, value=1)
        logger.warning("failed", error_class=error.error_class)
        raise
    run.ended(transiently=False)
    logger.info("succeeded")
    return {"result": result}
