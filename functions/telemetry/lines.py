"""How log lines look: short where nothing is wrong, because each task pays for its lines."""

import logging
import os
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

LEVEL_VARIABLE = "POWERTOOLS_LOG_LEVEL"
ROUTINE = "INFO"
TRACE_VARIABLE, TRACED = "_X_AMZN_TRACE_ID", "Sampled=1"
# What a log group and a metric say as well, and ids that lead nowhere while nothing is wrong: without an error, Lambda
# has no lines of its own.
SPARED = ("location", "cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id")
TRACE = "xray_trace_id"


class ShortLines(LambdaPowertoolsFormatter):
    """Powertools' lines, without what nobody looks for in a line that says that all went well.

    The id of a trace is in it if there is one. Warnings, errors and lines for debugging have everything.
    """

    def serialize(self, log: Any) -> str:
        """The line as JSON."""
        if log.get("level") == ROUTINE:
            spared = SPARED if TRACED in os.environ.get(TRACE_VARIABLE, "") else (*SPARED, TRACE)
            log = {name: value for name, value in log.items() if name not in spared}
        return super().serialize(log)


def obey_own_level(logger: str) -> None:
    """Log at the level that the stage sets, whatever Lambda lets through.

    Lambda has a level of its own, which Powertools would use instead. It has to let metrics through, which have none
    and count as INFO (`infrastructure/blocks/function.py`).
    """
    if level := os.environ.get(LEVEL_VARIABLE):
        logging.getLogger(logger).setLevel(level)
