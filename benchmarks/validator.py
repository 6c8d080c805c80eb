"""How fast `POST /tasks` is, cold and warm, compared with the same endpoint in FastAPI and Mangum, and with a floor.

`python -m benchmarks.validator [ROUNDS]` measures in turns, each time in a fresh process; AWS calls are faked at
botocore's `_make_api_call`. It prints medians and ratios, and exits with 1 if a target is missed.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "benchmarks" / "rivals" / "program.py"
EVENT = ROOT / "tests" / "functions" / "payloads" / "post_task.json"
ROUNDS, WARM_ROUNDS, CALLS = 20, 7, 1000
TRACE = "Root=1-697df1c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled="
# What Lambda gives a deployed function. Nothing of the caller's environment is passed on, as it may switch off the
# bytecode cache.
ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONPATH": str(ROOT),
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_LAMBDA_FUNCTION_NAME": "taskline-benchmark",
    "LAMBDA_TASK_ROOT": str(ROOT),
    "TABLE_NAME": "taskline-benchmark-tasks",
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/taskline-benchmark-tasks.fifo",
    "TENANCY": "isolated",
    "DEFAULT_ORDERING": "one-key",
    "ID_SECRET": "benchmark",
    "ACCEPT_MILLISECONDS": "1000",
    "POWERTOOLS_SERVICE_NAME": "validator",
    "POWERTOOLS_METRICS_NAMESPACE": "Taskline",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "_X_AMZN_TRACE_ID": f"{TRACE}0",
}


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A handler, and what it must have done before its first response: AWS calls, and lines in the log."""

    name: str
    module: str
    calls: str = "PutItem SendMessage"
    log: Sequence[str] = ('"message":"accepted"', '"TasksAccepted":[1.0]', '"ColdStart":[1.0]')
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


FLOOR = Contestant(name="floor", module="benchmarks.rivals.floor", calls="SendMessage", log=())
VALIDATOR = Contestant(name="validator", module="functions.validator")
TRACED = Contestant(
    name="validator, request sampled by X-Ray",
    module="functions.validator",
    environment={"_X_AMZN_TRACE_ID": f"{TRACE}1"},
)
FASTAPI = Contestant(name="FastAPI and Mangum", module="benchmarks.rivals.fastapi_sync")
TUNED = Contestant(name="FastAPI and Mangum, tuned", module="benchmarks.rivals.fastapi_async")
Medians = Mapping[str, float]


def main() -> int:
    """Measure and print. Returns 1 if a target is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    warm_rounds = min(rounds, WARM_ROUNDS)
    versions = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "mangum", "pydantic", "botocore"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}")
    cold = compare(
        "process start to first response, ms", cold_start, [FLOOR, VALIDATOR, TRACED, FASTAPI, TUNED], rounds
    )
    warm = compare("warm call, µs", warm_call, [VALIDATOR, TRACED, FASTAPI, TUNED], warm_rounds)
    unobserved = [without_logs_and_metrics(contestant) for contestant in (VALIDATOR, FASTAPI, TUNED)]
    bare = compare("warm call, logs and metrics off, µs", warm_call, unobserved, warm_rounds)
    print("\nthe validator takes")
    verdicts = [
        judge("cold, of FastAPI and Mangum", cold, FASTAPI, 0.46),
        judge("cold, of the floor", cold, FLOOR, 1.15),
        judge("warm, of FastAPI and Mangum", warm, FASTAPI, 0.2),
        judge("warm, of FastAPI and Mangum, both without logs and metrics", bare, FASTAPI, 0.1),
    ]
    return 0 if all(verdicts) else 1


def compare(
    what: str, measure: Callable[[Contestant], float], contestants: Sequence[Contestant], rounds: int
) -> Medians:
    """Measure all contestants in turns; print and return the median of each."""
    samples: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    for turn in range(rounds + 1):
        for contestant in contestants:
            value = measure(contestant)
            if turn:  # the first one writes the bytecode
                samples[contestant.name].append(value)
    medians = {name: statistics.median(values) for name, values in samples.items()}
    print(f"\n{what} (medians of {rounds})")
    for name, median in medians.items():
        print(f"  {name:58s} {median:7.1f}   {median / medians[FASTAPI.name]:5.2f} of FastAPI and Mangum")
    return medians


def judge(what: str, medians: Medians, rival: Contestant, limit: float) -> bool:
    """Print the ratio, and return whether it is within the limit."""
    ratio = medians[VALIDATOR.name] / medians[rival.name]
    print(f"  {what:58s} {ratio:7.2f}   at most {limit:.2f}: {'met' if ratio <= limit else 'MISSED'}")
    return ratio <= limit


def cold_start(contestant: Contestant) -> float:
    """Milliseconds from the start of the process to its first response."""
    return run(contestant, calls=0)[0] * 1000


def warm_call(contestant: Contestant) -> float:
    """Microseconds of the median call."""
    return run(contestant, calls=CALLS)[1] / 1000


def without_logs_and_metrics(contestant: Contestant) -> Contestant:
    """The same without the decorators for them."""
    return replace(contestant, log=(), environment={"BENCHMARK_UNOBSERVED": "1", "POWERTOOLS_LOG_LEVEL": "CRITICAL"})


def run(contestant: Contestant, calls: int) -> tuple[float, int]:
    """One process: seconds to its first response, and the median nanoseconds of further calls, 0 without any."""
    reader, writer = os.pipe()
    command = [sys.executable, str(PROGRAM), contestant.module, str(EVENT), str(writer), str(calls)]
    environment = {**ENVIRONMENT, **contestant.environment}
    started = time.perf_counter()
    with (
        subprocess.Popen(command, env=environment, pass_fds=[writer], stdout=subprocess.PIPE, text=True) as process,
        os.fdopen(reader) as report,
    ):
        os.close(writer)
        response = report.readline()
        seconds = time.perf_counter() - started
        log, _ = process.communicate()
        median = report.readline()
    check(contestant, response.strip(), log)
    return seconds, int(median or 0)


def check(contestant: Contestant, response: str, log: str) -> None:
    """Exit unless the contestant has done the work."""
    if response != f"202 {contestant.calls}":
        raise SystemExit(f"{contestant.name} returned {response or 'nothing'!r}, not '202 {contestant.calls}'")
    if missing := [line for line in contestant.log if line not in log]:
        raise SystemExit(f"{contestant.name} did not write {', '.join(missing)} to its log")


if __name__ == "__main__":
    sys.exit(main())
