"""What the journal and the guard of the laptop edition cost a task.

`python -m benchmarks.protection` runs editions with both, without the journal, and without the guard, measures them in
turns, and prints medians and ratios. `--short` runs everything once; its figures are meaningless.

Before that it measures one check of the guard, one commit of the journal and one fsync by themselves, in processor
time, which other work on the machine hardly changes. `--parts` measures nothing else.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.driving import System, TaskClient, running
from benchmarks.laptop import WARM_UP, steady
from local.emulator.process.asgi import Application, Receive, Scope, Send
from local.emulator.process.guard import guarded
from local.emulator.process.journal import Journal

VARIANTS = {"with both": (), "without the journal": ("journal",), "without the guard": ("guard",)}
BOTH = "with both"
RECORD_BYTES = 1500  # about as much as the record of a small task
# What boto3 sends besides the host and its own name.
HEADERS = [
    (name, b"x" * length)
    for name, length in (
        *((b"accept-encoding", 8), (b"x-amz-target", 30), (b"content-type", 26), (b"x-amz-date", 16)),
        *((b"authorization", 200), (b"amz-sdk-invocation-id", 36), (b"amz-sdk-request", 10), (b"content-length", 4)),
    )
]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.protection", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run everything once; the figures are meaningless")
    parser.add_argument("--parts", action="store_true", help="measure the parts by themselves, within seconds")
    options = parser.parse_args()
    short = options.short
    rounds, posts, tasks = (1, 5, 20) if short else (5, 200, 300)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    parts(calls=200 if short else 5000)
    if options.parts:
        return
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


def parts(calls: int) -> None:
    """Print what a call of each part takes by itself."""
    check = guard_seconds(calls)
    with tempfile.TemporaryDirectory(dir=".") as folder:  # on the disk of the state directory, not in memory
        commit, sync = journal_seconds(Path(folder) / "journal", calls)
    print(f"one check of the guard, us of CPU: {check * 1e6:.1f}")
    print(f"one commit of the journal, us of CPU: {commit * 1e6:.1f}")
    print(f"one fsync of the journal, us: {sync * 1e6:.1f}")


def guard_seconds(calls: int) -> float:
    """CPU seconds of an admitted request in front of an application that does nothing, less those of the latter."""
    secret, host = "a-secret-of-32-characters-or-so.", "127.0.0.1:40000"

    async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        pass

    async def unused(*_: object) -> None:
        raise AssertionError("the guard refused a request that it has to admit")

    scope: Scope = {"type": "http", "path": "/", "headers": [*HEADERS, (b"host", host.encode())]}
    scope["headers"].append((b"user-agent", f"Boto3/1.40 md/Botocore#1.40 lang/python#3.11 app/{secret}".encode()))

    def taken(application: Application) -> float:
        started = time.process_time()
        for _ in range(calls):
            with suppress(StopIteration):
                application(scope, unused, unused).send(None)
        return time.process_time() - started

    protected = guarded(nothing, secret, host)
    return min(taken(protected) for _ in range(5)) / calls - min(taken(nothing) for _ in range(5)) / calls


def journal_seconds(path: Path, calls: int) -> tuple[float, float]:
    """CPU seconds of a commit, checkpoints included, and the median seconds of an fsync after one."""
    journal, record, syncs = Journal(path), {"body": {"S": "x" * RECORD_BYTES}}, list[float]()

    def change(number: int) -> None:
        journal.put_item("a table", f"task-{number}", "__no_sort__", record)
        journal.add_change("a table", f"{number:020d}", record)
        journal.acknowledge("a table", f"{number - 10:020d}")

    started = time.process_time()
    for number in range(calls):
        change(number)
        journal.commit()
    commit = (time.process_time() - started) / calls
    for number in range(calls, calls + max(20, calls // 20)):
        change(number)
        journal.commit()
        began = time.perf_counter()
        journal.sync()
        syncs.append(time.perf_counter() - began)
    journal.close()
    return commit, statistics.median(syncs)


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
