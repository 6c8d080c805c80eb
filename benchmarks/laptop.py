"""What a task costs on the laptop edition, compared with a reference built like the systems that Taskline replaces.

`python -m benchmarks.laptop` starts both on free ports with empty states, measures them in turns, and stops them. It
prints medians and ratios, and exits with 1 if a target is missed. `--short` runs everything once, to test that the
benchmark still runs; its figures are meaningless.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.driving import System, TaskClient, cpu_seconds, running, settled, wait_until_empty
from benchmarks.reference.system import reference

WARM_UP = 60
QUIET_SECONDS = 1.5  # until the logs, events and metrics of a round have been written
SINGLE_PAUSE = 0.25


class Amounts:
    """How much is measured."""

    def __init__(self, *, short: bool) -> None:
        self.rounds = 1 if short else 3
        self.singles = 3 if short else 30
        self.steady, self.steady_keys = (20, 5) if short else (300, 20)
        self.drained, self.drained_keys = (64, 64) if short else (640, 64)


def main() -> int:
    """Measure and print. Returns 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.laptop", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run everything once; the figures are meaningless")
    amounts = Amounts(short=parser.parse_args().short)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        laptop = stack.enter_context(running(folder / "taskline"))
        print(f"start to ready, empty state: {laptop.start_seconds:.1f} s")
        systems: dict[str, System] = {"Taskline": laptop, "reference": stack.enter_context(reference(folder / "ref"))}
        figures = measure(systems, amounts)
    passed = [
        judge("POST to done, one task alone, ms", figures["latency"], at_most=2.5),
        judge("CPU of one task, one client posting, ms", figures["cpu"], at_most=2.5),
        judge(f"drain of {amounts.drained_keys} keys, tasks/s", figures["drain"], at_least=0.8),
    ]
    return 0 if all(passed) else 1


def measure(systems: Mapping[str, System], amounts: Amounts) -> dict[str, dict[str, float]]:
    """Medians by measurement and by system; each round measures all systems in turns."""
    for system in systems.values():
        steady(system, WARM_UP, amounts.steady_keys)
    values: dict[str, dict[str, list[float]]] = {}
    for _ in range(amounts.rounds):
        for name, system in systems.items():
            for what, value in (
                ("latency", latency(system, amounts.singles)),
                ("cpu", steady(system, amounts.steady, amounts.steady_keys)),
                ("drain", drain(system, amounts.drained, amounts.drained_keys)),
            ):
                values.setdefault(what, {}).setdefault(name, []).append(value)
    return {
        what: {name: statistics.median(rounds) for name, rounds in by_system.items()}
        for what, by_system in values.items()
    }


def latency(system: System, count: int) -> float:
    """Median milliseconds from before the POST of a task to its end, one task at a time."""
    client = TaskClient(system.api)
    posted: dict[str, float] = {}
    for number in range(count):
        started = time.time()
        posted[client.post(f"single-{number}")] = started
        time.sleep(SINGLE_PAUSE)
    done = settled(system, list(posted))
    return statistics.median((done[task_id] - started) * 1000 for task_id, started in posted.items())


def steady(system: System, count: int, keys: int) -> float:
    """Milliseconds of CPU per task, of all processes of the system, while the tasks of one client are processed."""
    client = TaskClient(system.api)
    time.sleep(QUIET_SECONDS)
    before = sum(cpu_seconds(system.pid).values())
    for number in range(count):
        client.post(f"key-{number % keys}")
    wait_until_empty(system)  # reading their records would be counted, too
    time.sleep(QUIET_SECONDS)
    return (sum(cpu_seconds(system.pid).values()) - before) * 1000 / count


def drain(system: System, count: int, keys: int) -> float:
    """Tasks per second from a backlog over many keys: from the end of the first task to the end of the last."""
    client = TaskClient(system.api)
    with system.held():
        task_ids = [client.post(f"key-{number % keys}") for number in range(count)]
    done = sorted(settled(system, task_ids).values())
    return (count - 1) / (done[-1] - done[0])


def judge(what: str, medians: Mapping[str, float], at_most: float = 0.0, at_least: float = 0.0) -> bool:
    """Print both figures and their ratio, and return whether that is within its bound."""
    ratio = medians["Taskline"] / medians["reference"]
    met = ratio <= at_most if at_most else ratio >= at_least
    bound = f"at most {at_most}" if at_most else f"at least {at_least}"
    figures = ", ".join(f"{name} {median:.1f}" for name, median in medians.items())
    print(f"{what}: {figures}; ratio {ratio:.2f} ({bound}: {'met' if met else 'MISSED'})")
    return met


if __name__ == "__main__":
    sys.exit(main())
