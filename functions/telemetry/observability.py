"""Logs, metrics and traces, through Powertools. Settings come from its own environment variables (`POWERTOOLS_*`).

Built at import, the one exception to "nothing is built at import": the decorators need the objects then.
Log ids and counts, never bodies: only the events function logs a task's data, without secrets, and only where a stage
asks for it.
"""

import logging
from collections.abc import Mapping, Sequence

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics

from functions.telemetry.lines import ShortLines, obey_own_level
from functions.telemetry.tracing import SampledRequests

logger = Logger(logger_formatter=ShortLines(utc=True, use_rfc3339=True))
obey_own_level(logger.name)
metrics = Metrics()
tracer = Tracer(provider=SampledRequests(), auto_patch=False)

# The tracer logs every exception with its chain of causes. What a task type raised may quote secrets; our own log
# says what happened without them, and the trace still has the exception.
logging.getLogger("aws_lambda_powertools.tracing.tracer").setLevel(logging.CRITICAL)


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
