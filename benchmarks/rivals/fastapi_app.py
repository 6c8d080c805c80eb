"""The rival: the same endpoints in FastAPI, on Lambda through Mangum, with logs and metrics through Powertools.

Same model, same rules, same record, message, log line, metric and errors as the validator. What a FastAPI author could
share, the domain and the text of the response, is shared; what FastAPI does for its users (routing, parsing,
validating, sending the response) is left to it. Where there are several usual ways, this is the fastest: the result is
returned as a response, which is not validated or written again; no OpenAPI document, no lifespan events. Clients are
boto3's.
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
from fastapi.responses import JSONResponse, Response
from mangum import Mangum

from functions.adapters.clients import CONFIG
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.api import problems
from functions.api.callers import caller_of
from functions.api.tasks import accepted_response
from functions.task_types import load_task_types
from functions.tasks.clock import timestamp, uuid7
from functions.tasks.errors import FieldError, Rejected, Unavailable
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.intake.submission import Identity, Ports, invalid_task, new_record, submit
from functions.tasks.model import NewTask
from functions.tasks.tenancy import Tenancy

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]
logger = Logger()
metrics = Metrics()
ports = Ports(
    records=DynamoDBRecordStore(os.environ["TABLE_NAME"], boto3.client("dynamodb", config=CONFIG)),
    queue=SQSTaskQueue(os.environ["QUEUE_URL"], boto3.client("sqs", config=CONFIG)),
    types=load_task_types(),
    now=lambda: datetime.now(UTC),
    new_id=lambda moment: uuid7(int(moment.timestamp() * 1000), os.urandom(10)),
    tenancy=Tenancy(os.environ["TENANCY"]),
    ordering=DefaultOrdering(os.environ["DEFAULT_ORDERING"]),
    id_secret=os.environ["ID_SECRET"].encode(),
)


def accept(new_task: NewTask, request: Request) -> Response:
    """202 with the task as accepted, and where to read it."""
    if errors := ports.types.errors(new_task):
        raise invalid_task(errors)
    context, now = request.scope["aws.event"]["requestContext"], ports.now()
    tenant = ports.tenancy.tenant(caller_of(context))
    record = new_record(new_task, Identity(task_id=ports.new_id(now), tenant=tenant), now, ports.ordering)
    accepted = submit(record, ports)
    metrics.add_metric(name="TasksAccepted", unit=MetricUnit.Count, value=1)
    logger.info("accepted", task_id=record.task_id, ordering_key=record.ordering_key, type=record.type)
    shown = accepted_response(accepted, context["stage"])
    return Response(shown.body, shown.status, headers=dict(shown.headers))


async def health() -> dict[str, str]:
    """The API responds, with its time."""
    return {"status": "healthy", "timestamp": timestamp(datetime.now(UTC))}


async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """400 that names each wrong field."""
    errors = [FieldError(field=".".join(map(str, e["loc"][1:])) or "body", message=e["msg"]) for e in error.errors()]
    return _response(request, problems.rejected(invalid_task(errors)))


async def rejected(request: Request, error: Rejected) -> JSONResponse:
    """What the domain rejects."""
    return _response(request, problems.rejected(error))


async def unavailable(request: Request, error: Unavailable) -> JSONResponse:
    """503: the client is to try again."""
    logger.exception("unavailable")
    return _response(request, problems.unavailable())


def _response(request: Request, problem: problems.Problem) -> JSONResponse:
    document = problem.document(request.url.path)
    return JSONResponse(document, problem.status, headers=problem.headers, media_type="application/problem+json")


def create_app(submit_task: Callable[..., Any]) -> FastAPI:
    """The application, with this function behind `POST /tasks`."""
    app = FastAPI(title="Taskline", version="1", openapi_url=None)
    app.post("/tasks", status_code=202)(submit_task)
    app.get("/health")(health)
    app.exception_handler(RequestValidationError)(invalid)
    app.exception_handler(Rejected)(rejected)
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
