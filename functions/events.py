"""Task events: the Lambda function behind the table's stream. See `tasks/events/`."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.stream import read_ended, read_record
from functions.adapters.topic import SNSEventTopic, SQSUnreadableChanges
from functions.task_types import load_task_types
from functions.tasks.events.measures import measures
from functions.tasks.events.publishing import EventTopic, Published, UnreadableChanges, publish_changes
from functions.tasks.events.samples import as_line, is_logged
from functions.tasks.model import Status
from functions.tasks.ports import Built
from functions.telemetry.observability import as_said, emit, logger, metrics, observed


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """What the handler depends on. `types` are the type names that metrics may have.

    `data_share` is the share of the tasks that are logged with their data, 0 to 1; None logs no task's data.
    """

    topic: EventTopic
    unreadable: UnreadableChanges
    types: frozenset[str]
    data_share: float | None = None


@Built
def build() -> Publisher:
    """The dependencies, once per execution environment."""
    return Publisher(
        topic=SNSEventTopic(os.environ["TOPIC_ARN"]),
        unreadable=SQSUnreadableChanges(os.environ["FAILURES_QUEUE_URL"]),
        types=frozenset(load_task_types()),
        data_share=float(os.environ["DATA_SHARE"]) if "DATA_SHARE" in os.environ else None,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of one shard in; out, the first unfinished record, from which the shard is read again."""
    publisher = build()
    published = publish_changes(
        [read_record(record) for record in event["Records"]], topic=publisher.topic, unreadable=publisher.unreadable
    )
    _measure(published, publisher.types)
    if publisher.data_share is not None:
        _log_data(event["Records"], published, publisher.data_share)
    _log(len(event["Records"]), published)
    if published.resume_from is None:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": published.resume_from}]}


def _log(records: int, published: Published) -> None:
    """An error has a line of its own; that all went well stands in the line of the metrics."""
    counts: dict[str, object] = {"records": records, "events": len(published.events)}
    if published.resume_from is not None or published.unreadable:
        more = {"unreadable": published.unreadable, "resume_from": published.resume_from}
        logger.error(published.reason, extra=counts | more)
        return
    for name, value in as_said("published", **counts).items():
        metrics.add_metadata(name, value)


def _log_data(records: Iterable[dict[str, Any]], published: Published, share: float) -> None:
    """A line for each task that has ended, if it is to be logged: when its event is out, so mostly once."""
    done = {one.event_id for one in published.events}
    for record in records:
        task = read_ended(record)
        if task is not None and task.event_id in done and is_logged(task, share):
            log = logger.warning if task.status == Status.FAILED else logger.info
            log("task ended", **as_line(task))


def _measure(published: Published, types: frozenset[str]) -> None:
    for measure in measures(published.events, types):
        emit(measure.dimensions, measure.values)
    metrics.add_metric(name="EventsPublished", unit=MetricUnit.Count, value=len(published.events))
    metrics.add_metric(name="UnreadableChanges", unit=MetricUnit.Count, value=published.unreadable)
