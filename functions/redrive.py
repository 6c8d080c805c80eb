"""The request handler of `POST /tasks/{task_id}/redrive` and `POST /redrive`. See `tasks/redrive/`."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.dead_letters import SQSDeadLetters
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.routes import serve
from functions.tasks.intake.lanes import parse_lanes
from functions.tasks.ports import Built
from functions.tasks.redrive.dead_letters import DeadLetters
from functions.tasks.redrive.many import BulkRedrive
from functions.tasks.redrive.model import RedriveReport, parse_request
from functions.tasks.redrive.one import redrive_one
from functions.tasks.redrive.redriver import Redriver
from functions.tasks.redrive.sweep import Sweep
from functions.telemetry.observability import correlation_id, logger, metrics, observed


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the handler depends on."""

    redriver: Redriver
    dead_letters: DeadLetters
    fresh_for: timedelta
    now: Callable[[], datetime]

    def sweep(self) -> Sweep:
        """A new sweep of the dead-letter queue."""
        return Sweep(
            dead_letters=self.dead_letters,
            tasks=self.redriver.tasks,
            now=self.now,
            fresh_for=self.fresh_for,
        )


@Built
def build() -> Ports:
    """The dependencies, once per execution environment."""

    def now() -> datetime:
        return datetime.now(UTC)

    return Ports(
        redriver=Redriver(
            tasks=DynamoDBFailedTasks(os.environ["TABLE_NAME"]),
            queue=SQSTaskQueue(
                parse_lanes(os.environ["QUEUE_URL"], os.environ), now=now, correlation_id=correlation_id
            ),
            now=now,
        ),
        dead_letters=SQSDeadLetters(os.environ["DEAD_LETTER_QUEUE_URL"]),
        fresh_for=timedelta(seconds=int(os.environ["FRESH_SECONDS"])),
        now=now,
    )


def redrive_task(request: Request) -> Response:
    """POST /tasks/{task_id}/redrive: 202 when the task was redriven; 404, or 409 when it has not failed."""
    ports = build()
    return _respond(redrive_one(request.task_id(), ports.redriver, ports.sweep(), ports.now))


def redrive_tasks(request: Request) -> Response:
    """POST /redrive: 202 with what was redriven, or 200 with what would be."""
    redrive_request, ports = parse_request(request.require_json()), build()
    return _respond(BulkRedrive(redrive_request, ports.redriver, ports.sweep(), ports.now).run())


def _respond(report: RedriveReport) -> Response:
    if not report.dry_run:
        metrics.add_metric(name="TasksRedriven", unit=MetricUnit.Count, value=len(report.tasks))
        ids = [task.task_id for task in report.tasks]
        logger.info("redriven", task_ids=ids, dead_letters_removed=report.dead_letters_removed)
    return json_response(200 if report.dry_run else 202, report.model_dump(mode="json", exclude_none=True))


ROUTES = serve("redrive", redrive_task, redrive_tasks)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES)
