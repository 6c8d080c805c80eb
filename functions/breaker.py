"""The circuit breaker: the Lambda function that its alarm, its schedule and operators call. See `tasks/breaker/`.

Its alarm opens it (through SNS), a rule ticks it every minute, and `GET` and `PUT /breaker` show and change it.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.breaker import CloudWatchAttempts, DynamoDBBreakerStore, EventBridgePipe, SQSDrain
from functions.api.callers import ANONYMOUS
from functions.api.http import Request, Response, dispatch, json_response
from functions.api.routes import serve
from functions.tasks.breaker.control import BreakerStatus, Control, change, read_status, tick, trip
from functions.tasks.breaker.handover import Handover
from functions.tasks.breaker.states import Rules, State, set_manually
from functions.tasks.breaker.view import parse_change, view
from functions.tasks.intake.lanes import split
from functions.telemetry.observability import logger, metrics, observed


@cache
def build() -> Control:
    """The dependencies and rules, once per execution environment."""
    pipes, before = split(os.environ["PIPE_NAME"]), split(os.environ.get("PIPE_NAMES_BEFORE", ""))
    return Control(
        store=DynamoDBBreakerStore(os.environ["BREAKER_TABLE_NAME"], os.environ["BREAKER_ID"]),
        pipes={name: EventBridgePipe(name) for name in (*pipes, *before)},
        attempts=CloudWatchAttempts(os.environ["POWERTOOLS_METRICS_NAMESPACE"], os.environ["PROCESSOR_SERVICE"]),
        rules=Rules(
            failure_rate=int(os.environ["FAILURE_PERCENT"]) / 100,
            minimum=int(os.environ["MINIMUM_ATTEMPTS"]),
            period=timedelta(seconds=int(os.environ["PERIOD_SECONDS"])),
            cool_down=timedelta(seconds=int(os.environ["COOL_DOWN_SECONDS"])),
            probe=timedelta(seconds=int(os.environ["PROBE_SECONDS"])),
        ),
        now=lambda: datetime.now(UTC),
        handover=_handover(pipes) if before else None,
    )


def _handover(pipes: tuple[str, ...]) -> Handover:
    """The change of the number of lanes that is under way."""
    return Handover(
        generation=int(os.environ["LANE_GENERATION"]),
        since=datetime.fromisoformat(os.environ["LANES_FROM"]),
        pipes=frozenset(pipes),
        drain=SQSDrain(split(os.environ["QUEUE_URLS_BEFORE"])),
    )


def read_breaker(_: Request) -> Response:
    """GET /breaker: the breaker, and the pipe that it stops and starts."""
    control = build()
    return json_response(200, view(read_status(control), control.rules))


def change_breaker(request: Request) -> Response:
    """PUT /breaker: open or close it; 200 with its new state. The pipe may take a minute or two to follow."""
    requested = parse_change(request.require_json())
    control, state, by = build(), State(requested.state), request.signer or ANONYMOUS
    now = control.now()
    status = change(control, lambda breaker: set_manually(breaker, state, reason=requested.reason, by=by, now=now))
    _publish(status)
    return json_response(200, view(status, control.rules))


ROUTES = serve("breaker", read_breaker, change_breaker)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    """API Gateway's proxy event, the alarm's SNS messages, or the schedule's tick, which is any other event."""
    if "httpMethod" in event:
        return dispatch(event, ROUTES)
    if "Records" in event:
        for record in event["Records"]:
            _alarm(json.loads(record["Sns"]["Message"]))
        return None
    _publish(tick(build()))
    return None


def _alarm(message: dict[str, Any]) -> None:
    """The alarm changed state. Only changes to ALARM open the breaker. The message is described at
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    if message["NewStateValue"] != "ALARM":
        return
    reason = f"{message['AlarmName']}: {message['NewStateReason']}"
    _publish(trip(build(), reason=reason, at=datetime.fromisoformat(message["StateChangeTime"])))


def _publish(status: BreakerStatus) -> None:
    """Write the metrics that alarms watch, and a log line."""
    breaker, pipe = status.breaker, status.pipe
    is_open = breaker.state is not State.CLOSED
    metrics.add_metric(name="BreakerOpen", unit=MetricUnit.Count, value=int(is_open))
    metrics.add_metric(name="PipeStopped", unit=MetricUnit.Count, value=int(status.pipe_stopped))
    log = logger.error if status.pipe_stopped else logger.warning if is_open else logger.info
    log(
        "the pipe is stopped although the breaker lets it run" if status.pipe_stopped else f"breaker {breaker.state}",
        breaker=breaker.state,
        since=breaker.since.isoformat(),
        reason=breaker.reason,
        by=breaker.by,
        pipe=pipe.current,
        pipe_desired=pipe.desired,
        state_reason=pipe.reason,
        lanes=_lanes(status),
    )


def _lanes(status: BreakerStatus) -> dict[str, list[str]]:
    """What the log says of several lanes: which pipes are stopped without reason, and which wait for others."""
    several = {"stopped": list(status.stopped), "waiting": sorted(status.waiting)}
    return several if len(status.pipes) > 1 else {}
