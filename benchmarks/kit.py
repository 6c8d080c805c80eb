"""What a task costs in the test kit, on which tests of task types run.

`python -m benchmarks.kit` makes pipelines as the fixture does, runs one task in each from its submission to its end,
and prints the median. It exits with 1 if the target is missed. `--short` runs a few, to test that the benchmark still
runs; its figures are meaningless.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

from testing.taskline import Taskline

TARGET_MS = 10.0
WARM_UP = 20


def main() -> int:
    """Measure and print. Returns 1 if a task takes longer than the target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kit", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run a few tasks; the figures are meaningless")
    count = 5 if parser.parse_args().short else 500
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    task = median_ms(whole_task, count)
    missed = "" if task <= TARGET_MS else ": MISSED"
    print(f"one task in a pipeline of its own, ms: {task:.2f}; target at most {TARGET_MS:.0f}{missed}")
    print(f"a task with three retries, ms: {median_ms(retried_task, count):.2f}")
    print(f"one run of a function, ms: {median_ms(single_run, count):.2f}")
    return 1 if missed else 0


def whole_task() -> None:
    """A task that succeeds."""
    with Taskline() as taskline:
        task = taskline.submit("demo.echo", {"hello": "world"})
        taskline.settle()
        assert task.result == {"hello": "world"}


def retried_task() -> None:
    """A task that fails for a transient reason until its retries are over."""
    with Taskline() as taskline:
        task = taskline.submit("demo.flaky", {"probability": 1})
        taskline.settle()
        assert task.attempts == 4
        assert task.error is not None


def single_run() -> None:
    """A run without queue and record."""
    with Taskline() as taskline:
        assert taskline.run("demo.echo", {"hello": "world"}).result == {"hello": "world"}


def median_ms(work: Callable[[], None], count: int) -> float:
    """The median of the real milliseconds that it takes."""
    for _ in range(WARM_UP):
        work()
    taken: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
