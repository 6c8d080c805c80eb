"""Drives a real laptop edition from outside: starts the command, sends HTTP requests and signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple

from local.emulator.clients import Clients
from local.emulator.remembered import GOOD_SECONDS
from local.host.options import PROJECT_ROOT

READY = "Taskline is ready: "
FINAL = ("succeeded", "failed", "cancelled")
# The domain's shortest chain of times; a test that waits for a redelivery shortens the queue's timeout as well.
# The circuit breaker does not open in tests that make tasks fail; it is tested on a separate laptop.
# Nor do the alarms about slow requests and late starts go off, which mean nothing on a busy machine.
SHORT_TIMES = {
    "taskline:handlerTimeoutSeconds": 2,
    "taskline:breakerMinimumAttempts": 1_000_000,
    "taskline:acceptWithinMilliseconds": 28_000,
    "taskline:startWithinSeconds": 86_400,
}


class Response(NamedTuple):
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Laptop:
    """One `python -m local` process. Its output goes to a file, which failures quote."""

    def __init__(
        self,
        state_dir: Path,
        port: int | None = None,
        config: Mapping[str, object] = SHORT_TIMES,
        root: Path = PROJECT_ROOT,
    ) -> None:
        self.state_dir = state_dir
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.url}/v1"
        self._config = config
        self._root = root
        self._log = state_dir.parent / f"{state_dir.name}-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, **variables: str) -> None:
        environment = {
            **os.environ,
            "TASKLINE_PORT": str(self.port),
            "TASKLINE_STATE_DIR": str(self.state_dir),
            "TASKLINE_CONFIG": json.dumps(self._config),
            **variables,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local"], cwd=self._root, env=environment, stdout=log, stderr=log
            )

    def start(self, **variables: str) -> None:
        self.launch(**variables)
        try:
            eventually(lambda: READY in self.output or self.ended, seconds=120)  # on a machine that is busy
        except AssertionError:
            self.ensure_stopped()
            raise
        assert not self.ended, f"it must become ready, but printed:\n{self.output}"

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds: float = 30) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def ensure_stopped(self, seconds: float = 30) -> None:
        if self._process is not None and not self.ended:
            self.stop(seconds=seconds)

    @property
    def ended(self) -> bool:
        assert self._process is not None
        return self._process.poll() is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def runtime(self) -> dict[str, Any]:
        return json.loads((self.state_dir / "runtime.json").read_text(encoding="utf-8"))

    @property
    def outputs(self) -> dict[str, Any]:
        return self.runtime["outputs"]

    @property
    def clients(self) -> Clients:
        return Clients(self.runtime["endpoint"], self.runtime["region"])

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", body, names, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=40) as response:
                return Response(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Response(error.code, error.headers, error.read())

    def post(self, **fields: Any) -> str:
        task = {"title": "A title", "description": "A description", "priority": "low", **fields}
        response = self.request("POST", "/v1/tasks", json.dumps(task).encode(), Content_Type="application/json")
        assert response.status == 202, response
        return response.json["task_id"]

    def read(self, task_id: str) -> dict[str, Any]:
        response = self.request("GET", f"/v1/tasks/{task_id}")
        assert response.status == 200, response
        return response.json

    def finished(self, task_id: str, seconds: float = 30) -> dict[str, Any]:
        """The task once it has a final status."""
        eventually(lambda: self.read(task_id)["status"] in FINAL, seconds)
        return self.read(task_id)

    def send(self, body: str, group: str = "direct", deduplication: str = "") -> None:
        """Send a message directly to the queue, as another producer would."""
        self.clients.sqs.send_message(
            QueueUrl=self.outputs["queue_url"],
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=deduplication or str(time.monotonic_ns()),
        )

    def take_out(self, group: str) -> str:
        """Take a group's first message out of the queue while the pipe is stopped, as the runbook says; its body."""
        url, sqs, pipe = self.outputs["queue_url"], self.clients.get("sqs"), self.outputs["pipe_name"]
        taken: list[Any] = []

        def received() -> bool:
            taken.extend(
                sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["MessageGroupId"]).get("Messages", [])
            )
            return any(one["Attributes"]["MessageGroupId"] == group for one in taken)

        self.clients.pipes.stop_pipe(Name=pipe)
        try:
            eventually(received)
        finally:
            self.clients.pipes.start_pipe(Name=pipe)
        (message,) = (one for one in taken if one["Attributes"]["MessageGroupId"] == group)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return message["Body"]

    def dead_letters(self) -> list[dict[str, Any]]:
        """All current dead letters, removed from their queue."""
        url, sqs = self.outputs["dead_letter_queue_url"], self.clients.get("sqs")
        dead_letters: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                dead_letters.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return dead_letters


def let_changes_take_effect() -> None:
    """Wait: lookups of functions and permissions are remembered for a moment, as on AWS."""
    time.sleep(GOOD_SECONDS)


def eventually(check: Callable[[], object], seconds: float = 20) -> None:
    """Wait until the check holds; fail after the given time."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"did not become true within {seconds} s: {check}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
