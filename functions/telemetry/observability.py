"""Logs, metrics and traces, through Powertools. Settings come from its own environment variables (`POWERTOOLS_*`).

Built at import, the one exception to "nothing is built at import": the decorators need the objects then.
Log ids and counts, never bodies: only the events function logs a task's data, without secrets, and only where a stage
asks for it.
"""

import logging
from collections.abc import Callable, Container, Mapping, Sequence
from functools import wraps
from itertools import count
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics

from functions.telemetry.lines import ShortLines, obey_own_level, routine, trace
from functions.telemetry.tracing import SampledRequests, is_sampled

LambdaHandler = Callable[[dict[str, Any], Any], Any]

_lines = ShortLines(utc=True, use_rfc3339=True)
logger = Logger(logger_formatter=_lines)
obey_own_level(logger.name)
metrics = Metrics()
_FORMAT = frozenset(logger.get_current_keys())  # the fields of every line, which are not about the invocation
tracer = Tracer(provider=SampledRequests(), auto_patch=False)

# The tracer logs every exception with its chain of causes. What a task type raised may quote secrets; our own log
# says what happened without them, and the trace still has the exception.
logging.getLogger("aws_lambda_powertools.tracing.tracer").setLevel(logging.CRITICAL)


def correlation_id() -> str | None:
    """The id that the lines of this invocation carry. The logger would look for its formatter first, each time."""
    return _lines.log_format.get("correlation_id")


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
    dimensions: Mapping[str, str],
    values: Mapping[tuple[str, str], Sequence[float]],
    *,
    precise: Container[str] = (),
    said: Mapping[str, object] | None = None,
) -> None:
    """Write metrics with their own dimensions; the keys of `values` are (name, unit).

    Those that are `precise` are kept by the second. What is `said` stands in the same line (`as_said`).
    """
    ephemeral = EphemeralMetrics()
    for name, value in dimensions.items():
        ephemeral.add_dimension(name, value)
    for (name, unit), numbers in values.items():
        for number in numbers:
            ephemeral.add_metric(name=name, unit=unit, value=number, resolution=1 if name in precise else 60)
    for name, value in (said or {}).items():
        ephemeral.add_metadata(name, value)
    ephemeral.flush_metrics()


def as_said(message: str, **fields: object) -> dict[str, object]:
    """What the logger would say at INFO, for a line that has metrics as well: a task pays for each line.

    Without its time, which a line with metrics has anyway, and without a level, which counts as INFO. Empty if the
    stage does not log at INFO.
    """
    if logger.log_level > logging.INFO:
        return {}
    known = {name: value for name, value in logger.get_current_keys().items() if name not in _FORMAT}
    return {"message": message, **routine({**known, **trace(), **fields})}
