"""What the journal and the guard of the laptop edition cost a task.

`python -m benchmarks.protection` runs editions with both, without the journal, and without the guard, measures them in
turns, and prints medians and ratios. `--short` runs everything once; its figures are meaningless.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.driving import System, TaskClient, running
from benchmarks.laptop import WARM_UP, steady

VARIANTS = {"with both": (), "without the journal": ("journal",), "without the guard": ("guard",)}
BOTH = "with both"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.protection", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run everything once; the figures are meaningless")
    short = parser.parse_args().short
    rounds, posts, tasks = (1, 5, 20) if short else (5, 200, 300)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        systems = {name: stack.enter_context(running(folder / name, without)) for name, without in VARIANTS.items()}
        latency: dict[str, list[float]] = {name: [] for name in systems}
        cpu: dict[str, list[float]] = {name: [] for name in systems}
        for system in systems.values():
            steady(system, 3 if short else WARM_UP, keys=20)
        for _ in range(rounds):
            for name, system in systems.items():
                latency[name].append(accepted(system, posts))
                cpu[name].append(steady(system, tasks, keys=20))
    report("POST to 202, ms", latency)
    report("CPU of one task, ms", cpu)


def accepted(system: System, count: int) -> float:
    """Median milliseconds of a POST, while the queue is held, so that nothing else is done."""
    client = TaskClient(system.api)
    taken: list[float] = []
    with system.held():
        for number in range(count):
            started = time.perf_counter()
            client.post(f"key-{number % 20}")
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def report(what: str, values: dict[str, list[float]]) -> None:
    """Print the medians, and how they compare with the protected edition's."""
    both = statistics.median(values[BOTH])
    for name, rounds in values.items():
        median = statistics.median(rounds)
        print(f"{what}, {name}: {median:.2f}; ratio {both / median:.2f}")


if __name__ == "__main__":
    sys.exit(main())
