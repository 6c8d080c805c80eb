"""Whether a task costs the same after ten thousand others: CPU, latency and memory for each thousand tasks.

`python -m benchmarks.soak [--tasks 10000]` starts a separate laptop edition with an empty state, has one client submit
tasks as fast as they are accepted, and prints a line for each thousand, and the size of the state directory after the
stop. It exits with 1 if the last thousand costs more than 1.1 times the CPU of the first, or if a process other than
the emulator, which holds the records, keeps growing. `--short` runs a few tasks, to test that the benchmark still
runs; its figures are meaningless.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.driving import (
    Laptop,
    TaskClient,
    cpu_seconds,
    done_at,
    memory_megabytes,
    running,
    settled,
    size_of,
    wait_until_empty,
)

KEYS = 20
WARM_UP = 100
MOST_CPU = 1.1
MOST_MEMORY = 1.05  # of the second step; a Python process varies by a few percent
# It holds the records, and the table's stream of the last 24 hours, as DynamoDB does; it has no setting for that.
EMULATOR = "emulator"
QUIET_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """The cost of a number of tasks: by process, CPU in ms per task and memory in MB; latencies in ms."""

    cpu: Mapping[str, float]
    memory: Mapping[str, float]
    p50: float
    p95: float
    seconds: float

    @property
    def total_cpu(self) -> float:
        """The CPU of all processes."""
        return sum(self.cpu.values())


def main() -> int:
    """Measure and print. Returns 1 if something grows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--short", action="store_true", help="a few tasks; the figures are meaningless")
    arguments = parser.parse_args()
    tasks, size = (40, 10) if arguments.short else (arguments.tasks, 1000)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        steps, held = soak(state, tasks, size)
        on_disk = sum(file.stat().st_size for file in state.rglob("*") if file.is_file())
    print(f"the tasks' records hold {held / 1e6:.2f} MB; the state directory after the stop: {on_disk / 1e6:.2f} MB")
    return verdict(steps, meaningless=arguments.short)


def soak(state: Path, tasks: int, size: int) -> tuple[list[Step], int]:
    """Print and return the steps, and the bytes of all records."""
    with running(state) as laptop:
        client = TaskClient(laptop.api)
        posted = [client.post(f"key-{number % KEYS}") for number in range(WARM_UP)]
        settled(laptop, posted)
        held, steps = 0, list[Step]()
        for number, count in enumerate(sizes(tasks, size)):
            step, records = one_step(laptop, client, count)
            held += records
            steps.append(step)
            print(line(number, step), flush=True)
        return steps, held * (tasks + WARM_UP) // tasks


def sizes(tasks: int, size: int) -> Iterator[int]:
    """The number of tasks of each step."""
    for start in range(0, tasks, size):
        yield min(size, tasks - start)


def one_step(laptop: Laptop, client: TaskClient, count: int) -> tuple[Step, int]:
    """Submit tasks and wait until all have ended. Returns their cost, and the bytes of their records."""
    time.sleep(QUIET_SECONDS)
    before, started = cpu_seconds(laptop.pid), time.perf_counter()
    posted: dict[str, float] = {}
    for number in range(count):
        moment = time.time()
        posted[client.post(f"key-{number % KEYS}")] = moment
    wait_until_empty(laptop)
    seconds = time.perf_counter() - started
    time.sleep(QUIET_SECONDS)
    after = cpu_seconds(laptop.pid)
    records = laptop.records(list(posted))
    latencies = sorted((done_at(record) - posted[task_id]) * 1000 for task_id, record in records.items())
    step = Step(
        cpu={name: (after[name] - before.get(name, 0.0)) * 1000 / count for name in after},
        memory=memory_megabytes(laptop.pid),
        p50=statistics.median(latencies),
        p95=latencies[int(len(latencies) * 0.95)],
        seconds=seconds,
    )
    return step, sum(map(size_of, records.values()))


def line(number: int, step: Step) -> str:
    """One step as a line of text."""
    cpu = ", ".join(f"{short(name)} {value:.1f}" for name, value in sorted(step.cpu.items()))
    memory = ", ".join(f"{short(name)} {value:.0f}" for name, value in sorted(step.memory.items()))
    return (
        f"step {number + 1:2d}: {step.total_cpu:5.1f} ms CPU per task ({cpu}); latency p50 {step.p50:.0f}, "
        f"p95 {step.p95:.0f} ms; {step.seconds:.0f} s; MB: {memory}"
    )


def short(name: str) -> str:
    """The short name of a process: `functions.events.handler` becomes `events`."""
    return name.removeprefix("functions.").removesuffix(".handler")


def verdict(steps: list[Step], *, meaningless: bool) -> int:
    """Compare the last step with the first."""
    cpu, latency = steps[-1].total_cpu / steps[0].total_cpu, steps[-1].p50 / steps[0].p50
    print(f"the last step costs {cpu:.2f} times the CPU of the first (at most {MOST_CPU})")
    print(f"its latency is {latency:.2f} times that of the first")
    early, late = steps[min(1, len(steps) - 1)].memory, steps[-1].memory
    flat = True
    for name in sorted(early.keys() & late.keys()):
        flat = flat and (late[name] <= MOST_MEMORY * early[name] or name == EMULATOR)
        print(f"{short(name)}: {early[name]:.0f} MB after the second step, {late[name]:.0f} MB after the last")
    return 0 if meaningless or (cpu <= MOST_CPU and flat) else 1


if __name__ == "__main__":
    sys.exit(main())
