"""What the benchmarks of the laptop edition share: starting it, submitting tasks, and measuring CPU and memory."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psutil

from local.emulator import emulator_process
from local.emulator.clients import Clients

FINISHED = {"succeeded", "failed"}
POLL_SECONDS = 0.1
BATCH_LIMIT = 100  # of BatchGetItem
LONGEST_SECONDS = 300.0


class System(Protocol):
    """A system to measure: a pipeline with an API in front of a queue."""

    pid: int
    api: str
    queue_url: str
    clients: Clients

    def done(self) -> Mapping[str, float]:
        """When each task ended, in epoch seconds, by id."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Inside this block nothing is processed; tasks wait in the queue."""
        ...


class Laptop:
    """A running laptop edition: its API, its records and its clients."""

    def __init__(self, pid: int, state: Path, start_seconds: float) -> None:
        self.pid = pid
        self.state = state
        self.start_seconds = start_seconds
        runtime = json.loads((state / "runtime.json").read_text(encoding="utf-8"))
        self.outputs: Mapping[str, Any] = runtime["outputs"]
        self.api = f"{runtime['url']}/v1"
        self.queue_url = str(self.outputs["queue_url"])
        self.clients = Clients(runtime["endpoint"], runtime["region"])

    def done(self) -> dict[str, float]:
        """When each task ended, in epoch seconds, by id."""
        pages = self.clients.dynamodb.get_paginator("scan").paginate(TableName=self.outputs["table_name"])
        items = (item for page in pages for item in page["Items"])
        return {item["task_id"]["S"]: done_at(item) for item in items if item["status"]["S"] in FINISHED}

    def records(self, task_ids: list[str]) -> dict[str, Mapping[str, Any]]:
        """The records of these tasks, by id."""
        table, found = self.outputs["table_name"], dict[str, Mapping[str, Any]]()
        for start in range(0, len(task_ids), BATCH_LIMIT):
            keys: Any = [{"task_id": {"S": task_id}} for task_id in task_ids[start : start + BATCH_LIMIT]]
            items = self.clients.dynamodb.batch_get_item(RequestItems={table: {"Keys": keys}})["Responses"][table]
            found |= {item["task_id"]["S"]: item for item in items}
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside this block nothing is processed; tasks wait in the queue."""
        name = self.outputs["pipe_name"]
        self.clients.pipes.stop_pipe(Name=name)
        time.sleep(2.0)  # the pipe polls its state twice a second
        yield
        self.clients.pipes.start_pipe(Name=name)


class TaskClient:
    """Submits tasks over one connection, as one client would."""

    def __init__(self, api: str) -> None:
        self._parts = urlsplit(api)
        self._connection = http.client.HTTPConnection(self._parts.netloc, timeout=30)

    def post(self, ordering_key: str, data: Mapping[str, object] | None = None) -> str:
        """Submit a task, and return its id."""
        task = {"title": "t", "description": "d", "priority": "low", "type": "demo.echo", "data": data or {}}
        body = json.dumps({**task, "ordering_key": ordering_key})
        self._connection.request("POST", f"{self._parts.path}/tasks", body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        text = response.read()
        if response.status != 202:
            raise SystemExit(f"POST /tasks returned {response.status}: {text[:500]!r}")
        return json.loads(text)["task_id"]


@contextmanager
def running(state: Path, without: Sequence[str] = ()) -> Iterator[Laptop]:
    """A separate laptop edition on a free port, stopped at the end; `without` these protections."""
    environment = {**os.environ, "TASKLINE_PORT": str(_free_port()), "TASKLINE_STATE_DIR": str(state)}
    started = time.perf_counter()
    program = ["benchmarks.reference.unprotected", *without] if without else ["local"]
    process = subprocess.Popen([sys.executable, "-m", *program], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if not any(line.startswith("Taskline is ready") for line in process.stdout):
            raise SystemExit("Taskline did not start; run `make run` to see why")
        laptop = Laptop(process.pid, state, time.perf_counter() - started)
        # What it says of each task has to go somewhere.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield laptop
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def cpu_seconds(pid: int) -> dict[str, float]:
    """CPU seconds that the processes of a system have used so far, by process name."""
    used: dict[str, float] = {}
    for name, process in processes(pid):
        times = process.cpu_times()
        used[name] = used.get(name, 0.0) + times.user + times.system
    return used


def memory_megabytes(pid: int) -> dict[str, float]:
    """Resident memory of the processes of a system, by process name."""
    held: dict[str, float] = {}
    for name, process in processes(pid):
        held[name] = held.get(name, 0.0) + process.memory_info().rss / 1e6
    return held


def processes(pid: int) -> Iterator[tuple[str, psutil.Process]]:
    """The process and its descendants. A worker is named after its function's handler."""
    main = psutil.Process(pid)
    for process in (main, *main.children(recursive=True)):
        try:
            name = (
                "emulator"
                if emulator_process.__file__ in process.cmdline()
                else process.environ().get("_HANDLER", "laptop")
            )
            yield name, process
        except psutil.NoSuchProcess:
            continue


def settled(system: System, task_ids: list[str]) -> dict[str, float]:
    """Wait until the queue is empty, and return when each of these tasks ended."""
    wait_until_empty(system)
    done = system.done()
    return {task_id: done[task_id] for task_id in task_ids}


def wait_until_empty(system: System) -> None:
    """Wait until the queue holds nothing, neither visible nor in flight."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while _messages(system):
        if time.monotonic() > deadline:
            raise SystemExit(f"the queue was not empty after {LONGEST_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _messages(system: System) -> int:
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = system.clients.sqs.get_queue_attributes(QueueUrl=system.queue_url, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values()))


def done_at(item: Mapping[str, Any]) -> float:
    """When the task of this record ended, in epoch seconds."""
    return datetime.fromisoformat(item["finished_at"]["S"]).timestamp()


def size_of(item: Mapping[str, Any]) -> int:
    """Bytes of a record, as JSON."""
    return len(json.dumps(item).encode())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
