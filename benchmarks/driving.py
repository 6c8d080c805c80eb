"""What the benchmarks of the laptop edition share: starting it, posting tasks, and counting CPU and memory."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
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
MOST_OF_A_BATCH = 100  # that BatchGetItem takes
LONGEST_SECONDS = 300.0


class System(Protocol):
    """What is measured: a pipeline with an API in front of a queue."""

    pid: int
    api: str
    queue_url: str
    clients: Clients

    def done(self) -> Mapping[str, float]:
        """When each task was done, in epoch seconds, by its id."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Nothing is processed inside this block; tasks wait in the queue."""
        ...


class Laptop:
    """A running laptop edition: where its API is, and what its records say."""

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
        """When each task was done, in epoch seconds, by its id."""
        pages = self.clients.dynamodb.get_paginator("scan").paginate(TableName=self.outputs["table_name"])
        items = (item for page in pages for item in page["Items"])
        return {item["task_id"]["S"]: done_at(item) for item in items if item["status"]["S"] in FINISHED}

    def records(self, task_ids: list[str]) -> dict[str, Mapping[str, Any]]:
        """The records of these tasks, by id."""
        table, found = self.outputs["table_name"], dict[str, Mapping[str, Any]]()
        for start in range(0, len(task_ids), MOST_OF_A_BATCH):
            keys: Any = [{"task_id": {"S": task_id}} for task_id in task_ids[start : start + MOST_OF_A_BATCH]]
            items = self.clients.dynamodb.batch_get_item(RequestItems={table: {"Keys": keys}})["Responses"][table]
            found |= {item["task_id"]["S"]: item for item in items}
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is processed inside this block; tasks wait in the queue."""
        name = self.outputs["pipe_name"]
        self.clients.pipes.stop_pipe(Name=name)
        time.sleep(2.0)  # what runs the pipe looks at its state about once a second
        yield
        self.clients.pipes.start_pipe(Name=name)


class TaskClient:
    """Posts tasks over one connection, as one client would."""

    def __init__(self, api: str) -> None:
        self._parts = urlsplit(api)
        self._connection = http.client.HTTPConnection(self._parts.netloc, timeout=30)

    def post(self, ordering_key: str, data: Mapping[str, object] | None = None) -> str:
        """Submit a task; its id."""
        task = {"title": "t", "description": "d", "priority": "low", "type": "demo.echo", "data": data or {}}
        body = json.dumps({**task, "ordering_key": ordering_key})
        self._connection.request("POST", f"{self._parts.path}/tasks", body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        text = response.read()
        if response.status != 202:
            raise SystemExit(f"POST /tasks answered {response.status}: {text[:500]!r}")
        return json.loads(text)["task_id"]


@contextmanager
def running(state: Path) -> Iterator[Laptop]:
    """A laptop edition of its own, on a free port, stopped in the end."""
    environment = {**os.environ, "TASKLINE_PORT": str(_free_port()), "TASKLINE_STATE_DIR": str(state)}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "local"], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if not any(line.startswith("Taskline is ready") for line in process.stdout):
            raise SystemExit("Taskline did not start; try `make run` to see why")
        yield Laptop(process.pid, state, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def cpu_seconds(pid: int) -> dict[str, float]:
    """CPU that the processes of a system have used so far, by what they are."""
    used: dict[str, float] = {}
    for name, process in processes(pid):
        times = process.cpu_times()
        used[name] = used.get(name, 0.0) + times.user + times.system
    return used


def memory_megabytes(pid: int) -> dict[str, float]:
    """Resident memory of the processes of a system, by what they are."""
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
    """When each of these tasks was done; waits until the queue is empty."""
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
    """When the task of this record was done, in epoch seconds."""
    return datetime.fromisoformat(item["finished_at"]["S"]).timestamp()


def size_of(item: Mapping[str, Any]) -> int:
    """Bytes of a record, as JSON."""
    return len(json.dumps(item).encode())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
