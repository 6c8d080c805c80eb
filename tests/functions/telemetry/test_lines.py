"""Log lines are short while all goes well, complete when it does not, and obey the stage's level."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = """
from functions.telemetry.observability import logger
from tests.functions.support import CONTEXT

@logger.inject_lambda_context
def handler(event, context):
    logger.info("succeeded", task_id="t1")
    logger.warning("failed", task_id="t1")

handler({}, CONTEXT)
"""
DETAILS = {"location", "cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id"}


def lines(sampled: int = 0, **environment: str) -> list[dict[str, Any]]:
    """What a function logs in this environment."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env={
            "POWERTOOLS_SERVICE_NAME": "processor",
            "_X_AMZN_TRACE_ID": f"Root=1-697df1c0-0123456789abcdef01234567;Sampled={sampled}",
            **environment,
        },
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_that_says_that_all_went_well_has_what_is_looked_for_and_no_more() -> None:
    routine, problem = lines()
    assert routine.keys() == {"level", "message", "timestamp", "service", "task_id"}
    assert problem.keys() >= {*routine, *DETAILS, "xray_trace_id"}


def test_the_line_of_a_traced_invocation_leads_to_its_trace() -> None:
    assert lines(sampled=1)[0]["xray_trace_id"] == "1-697df1c0-0123456789abcdef01234567"


def test_times_are_such_as_lambda_understands_in_json() -> None:
    assert lines()[0]["timestamp"].endswith("+00:00")


def test_the_stages_level_holds_although_lambda_lets_metrics_through_at_a_lower_one() -> None:
    messages = [line["message"] for line in lines(POWERTOOLS_LOG_LEVEL="WARNING", AWS_LAMBDA_LOG_LEVEL="INFO")]
    assert messages == ["failed"]
