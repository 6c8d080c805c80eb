"""Logs, metrics and traces, through Powertools. Settings come from its own environment variables (`POWERTOOLS_*`).

Built at import, the one exception to "nothing is built at import": the decorators need the objects then.
Log ids and counts, never bodies: only the events function logs a task's data, without secrets, and only where a stage
asks for it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from itertools import count
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics

from functions.telemetry.lines import ShortLines, obey_own_level
from functions.telemetry.tracing import SampledRequests, is_sampled

LambdaHandler = Callable[[dict[str, Any], Any], Any]

logger = Logger(logger_formatter=ShortLines(utc=True, use_rfc3339=True))
obey_own_level(logger.name)
metrics = Metrics()
tracer = Tracer(provider=SampledRequests(), auto_patch=False)

# The tracer logs every exception with its chain of causes. What a task type raised may quote secrets; our own log
# says what happened without them, and the trace still has the exception.
logging.getLogger("aws_lambda_powertools.tracing.tracer").setLevel(logging.CRITICAL)


def traced(handle: LambdaHandler) -> LambdaHandler:
    """The handler, in a subsegment of its own if X-Ray samples the request; around others it would only cost time.

    The tracer sees the first request in any case, because it is what tells cold starts from others.
    """
    in_subsegment: LambdaHandler = tracer.capture_lambda_handler(handle, capture_response=False)
    earlier = count()

    @wraps(handle)
    def run(event: dict[str, Any], context: Any) -> Any:
        return (in_subsegment if next(earlier) == 0 or is_sampled() else handle)(event, context)

    return run


def observed(handle: LambdaHandler) -> LambdaHandler:
    """A function's handler with its log lines, metrics and traces.

    The lines of a request have its id at API Gateway as correlation id.
    """

    @wraps(handle)
    def run(event: dict[str, Any], context: Any) -> Any:
        logger.set_correlation_id(event.get("requestContext", {}).get("requestId"))
        return handle(event, context)

    measured: LambdaHandler = metrics.log_metrics(run, capture_cold_start_metric=True)
    return logger.inject_lambda_context(traced(measured))


def emit(
    dimensions: Mapping[str, str], values: Mapping[tuple[str, str], Sequence[float]], *, resolution: int = 60
) -> None:
    """Write metrics with their own dimensions; the keys of `values` are (name, unit), `resolution` is in seconds."""
    ephemeral = EphemeralMetrics()
    for name, value in dimensions.items():
        ephemeral.add_dimension(name, value)
    for (name, unit), numbers in values.items():
        for number in numbers:
            ephemeral.add_metric(name=name, unit=unit, value=number, resolution=resolution)
    ephemeral.flush_metrics()
