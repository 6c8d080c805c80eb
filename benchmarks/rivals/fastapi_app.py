"""The rival: the same endpoints in FastAPI, on Lambda through Mangum, with logs and metrics through Powertools.

Same model, same rules, same record, message, log line, metric and errors as the validator. What a FastAPI author could
share, the domain, is shared; what FastAPI does for its users (routing, parsing, validating, responding) is left to it.
Where there are several usual ways, this is the fastest: the result is returned as a response, which is not validated
again; no OpenAPI document, no lifespan events. Clients are boto3's.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mangum import Mangum

from functions.adapters.clients import CONFIG
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api.links import task_document
from functions.task_types import load_task_types
from functions.tasks.clock import uuid7
from functions.tasks.errors import FieldError, Refused, Unavailable
from functions.tasks.intake.submission import new_record, submit, timestamp
from functions.tasks.intake.validation import invalid_task, type_errors
from functions.tasks.model import NewTask

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]
logger = Logger()
metrics = Metrics()
types = load_task_types()
records = DynamoDBRecordStore(os.environ["TABLE_NAME"], boto3.client("dynamodb", config=CONFIG))
queue = SQSTaskQueue(os.environ["QUEUE_URL"], boto3.client("sqs", config=CONFIG))


def accept(new_task: NewTask, request: Request) -> JSONResponse:
    """202 with the accepted task, and where to read it."""
    if errors := type_errors(new_task, types):
        raise invalid_task(errors)
    record = new_record(new_task, key=None, now=datetime.now(UTC), new_id=_new_id)
    submit(record, records=records, queue=queue)
    metrics.add_metric(name="TasksAccepted", unit=MetricUnit.Count, value=1)
    logger.info("accepted", task_id=record.task_id, ordering_key=record.ordering_key, type=record.type)
    stage = request.scope["aws.event"]["requestContext"]["stage"]
    location = {"Location": f"/{stage}/tasks/{record.task_id}"}
    return JSONResponse(task_document(record, stage), 202, headers=location)


def _new_id(moment: datetime) -> str:
    return uuid7(int(moment.timestamp() * 1000), os.urandom(10))


async def health() -> dict[str, str]:
    """The API responds, with its time."""
    return {"status": "healthy", "timestamp": timestamp(datetime.now(UTC))}


async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """400 that names every invalid field."""
    errors = [FieldError(field=".".join(map(str, e["loc"][1:])) or "body", message=e["msg"]) for e in error.errors()]
    return await refused(request, invalid_task(errors))


async def refused(request: Request, error: Refused) -> JSONResponse:
    """A problem document (RFC 9457)."""
    problem: dict[str, Any] = {
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.url.path,
        "errors": [vars(field_error) for field_error in error.errors],
    }
    return JSONResponse(problem, error.status, headers=error.headers, media_type="application/problem+json")


async def unavailable(request: Request, error: Unavailable) -> JSONResponse:
    """503: the client is to try again."""
    logger.exception("unavailable")
    return await refused(request, Refused(503, "Temporarily unavailable", str(error), headers={"Retry-After": "5"}))


def create_app(submit_task: Callable[..., Any]) -> FastAPI:
    """The application, with this function behind `POST /tasks`."""
    app = FastAPI(title="Taskline", version="1", openapi_url=None)
    app.post("/tasks", status_code=202)(submit_task)
    app.get("/health")(health)
    app.exception_handler(RequestValidationError)(invalid)
    app.exception_handler(Refused)(refused)
    app.exception_handler(Unavailable)(unavailable)
    return app


def lambda_handler(app: FastAPI) -> LambdaHandler:
    """The application on Lambda, with what Powertools adds to each log line, and metrics."""
    adapter = Mangum(app, lifespan="off")

    # A function, because Powertools' decorators need a name.
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return adapter(event, context)

    measured = metrics.log_metrics(handler, capture_cold_start_metric=True)
    return logger.inject_lambda_context(measured, correlation_id_path=correlation_paths.API_GATEWAY_REST)
