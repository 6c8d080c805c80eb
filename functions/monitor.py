"""The failure monitor: the Lambda function that receives failed tasks. See `tasks/alerts/`."""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.patterns import DynamoDBPatternStore
from functions.adapters.topic import SNSAlerts
from functions.task_types import load_task_types
from functions.tasks.alerts.patterns import Monitor, count_failures
from functions.tasks.events.names import COUNT
from functions.telemetry.observability import emit, logger, metrics, observed


@cache
def build() -> Monitor:
    """The dependencies and rules, once per execution environment."""
    return Monitor(
        patterns=DynamoDBPatternStore(os.environ["PATTERNS_TABLE_NAME"]),
        alerts=SNSAlerts(os.environ["ALERTS_TOPIC_ARN"]),
        window=timedelta(seconds=int(os.environ["WINDOW_SECONDS"])),
        threshold=int(os.environ["ALERT_THRESHOLD"]),
        types=frozenset(load_task_types()),
        now=lambda: datetime.now(UTC),
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch from the queue of failed tasks in; out, the messages to retry."""
    messages = [(record["messageId"], record["body"]) for record in event["Records"]]
    result = count_failures(messages, build())
    for kind in result.alerts:
        emit({"type": kind.type, "error_class": kind.error_class}, {("FailureAlerts", COUNT): [1]})
    metrics.add_metric(name="FailuresCounted", unit=MetricUnit.Count, value=result.counted)
    counts: dict[str, Any] = {"messages": len(messages), "counted": result.counted, "alerts": len(result.alerts)}
    if result.retry:
        logger.error("some messages will be retried", **counts, message_ids=list(result.retry))
    else:
        logger.info("failures counted", **counts)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in result.retry]}
