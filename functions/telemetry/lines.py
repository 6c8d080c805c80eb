"""How log lines look: short where nothing is wrong, because each task pays for its lines."""

import logging
import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

LEVEL_VARIABLE = "POWERTOOLS_LOG_LEVEL"
ROUTINE = "INFO"
TRACE_VARIABLE, TRACED, ROOT = "_X_AMZN_TRACE_ID", "Sampled=1", "Root="
# What a log group and a metric say as well, and ids that lead nowhere while nothing is wrong: without an error, Lambda
# has no lines of its own.
SPARED = ("location", "cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id")
TRACE = "xray_trace_id"
EXECUTION = "execution"


def routine(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a line that says that all went well, without what nobody looks for in it.

    An execution is named by its run, the last part of its ARN, which is unique.
    """
    spared = SPARED if TRACED in os.environ.get(TRACE_VARIABLE, "") else (*SPARED, TRACE)
    kept = {name: value for name, value in fields.items() if name not in spared}
    if EXECUTION in kept:
        kept[EXECUTION] = str(kept[EXECUTION]).rpartition(":")[2]
    return kept


def trace() -> dict[str, str]:
    """The field for the id of the invocation's trace, if it is traced."""
    header = os.environ.get(TRACE_VARIABLE, "")
    found = next((part.removeprefix(ROOT) for part in header.split(";") if part.startswith(ROOT)), "")
    return {TRACE: found} if found and TRACED in header else {}


class ShortLines(LambdaPowertoolsFormatter):
    """Powertools' lines, without what nobody looks for in a line that says that all went well.

    The id of a trace is in it if there is one. Warnings, errors and lines for debugging have everything.
    """

    def serialize(self, log: Any) -> str:
        """The line as JSON."""
        return super().serialize(routine(log) if log.get("level") == ROUTINE else log)


def obey_own_level(logger: str) -> None:
    """Log at the level that the stage sets, whatever Lambda lets through.

    Lambda has a level of its own, which Powertools would use instead. It has to let metrics through, which have none
    and count as INFO (`infrastructure/blocks/function.py`).
    """
    if level := os.environ.get(LEVEL_VARIABLE):
        logging.getLogger(logger).setLevel(level)
