"""One process with one handler, for `benchmarks.validator`, which starts it many times.

`python program.py MODULE EVENT_FILE REPORT_FD CALLS` writes a line to the descriptor after the first response.
With CALLS above zero it then measures that many further calls, and writes their median.
What is loaded here before the first response counts for every contestant, so it is little.
"""

import json
import os
import sys
import time
from importlib import import_module
from typing import Any

WARM_UP = 300
made: list[str] = []


class LambdaContext:
    """The part of Lambda's context that Powertools reads."""

    function_name = "taskline-benchmark"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:taskline-benchmark"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def respond_immediately(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The response to every AWS call."""
    made.append(operation)
    return {}


def main(module: str, event_file: str, report: int, calls: int) -> None:
    """The first response, then the median of the others in nanoseconds."""
    with open(event_file, encoding="utf-8") as file:  # noqa: PTH123 pathlib would have to be loaded
        event = json.load(file)
    handler = import_module(module).handler
    # Not before: how botocore is loaded is the contestant's own affair.
    import_module("botocore.client").BaseClient._make_api_call = respond_immediately
    status = handler(event, LambdaContext)["statusCode"]
    os.write(report, f"{status} {' '.join(made)}\n".encode())
    if calls:
        if "BENCHMARK_UNOBSERVED" in os.environ:
            handler = unobserved(module)
        os.write(report, f"{median_nanoseconds(handler, event, calls)}\n".encode())


def unobserved(module: str) -> Any:
    """The handler without its decorators, and without metrics; the log level suppresses log lines."""
    from inspect import unwrap

    from aws_lambda_powertools import Metrics

    Metrics.add_metric = lambda self, *_, **__: None
    return unwrap(import_module(module).handler)


def median_nanoseconds(handler: Any, event: dict[str, Any], calls: int) -> int:
    """The median of all calls but the first ones."""
    durations: list[int] = []
    for _ in range(WARM_UP + calls):
        made.clear()
        started = time.perf_counter_ns()
        handler(event, LambdaContext)
        durations.append(time.perf_counter_ns() - started)
    return sorted(durations[WARM_UP:])[calls // 2]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
