"""One execution environment of a function: a process, and the protocol with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final

from local.program.declarations.model import LAYERS_VARIABLE
from local.services.lambdas import runtime
from local.services.lambdas.catalog import DeployedFunction
from local.services.lambdas.frames import ERROR, INIT_ERROR, INVOKE, LINE, READY, RESULT, Closed, Link
from local.services.lambdas.memory import SAMPLE_SECONDS, Memory
from local.services.lambdas.model import Invocation, failure

Log = Callable[[str], None]
# Lambda lets a function load for ten seconds, and then tries once more within the function's own timeout.
INIT_SECONDS: Final = 10.0
END_SECONDS: Final = 2.0
# A process inherits only these, besides its function's own: a LOG_LEVEL of the host must not reach it.
HOST_VARIABLES: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "TMPDIR", "SYSTEMROOT")


class _Exhausted(Exception):
    """The process uses more memory than its function has."""


class Worker:
    """A warm process that runs one invocation at a time. For one thread at a time."""

    def __init__(self, deployed: DeployedFunction, code: Path, environment: Mapping[str, str], log: Log) -> None:
        self.deployed = deployed
        self.started = time.monotonic()
        self.idle_since = self.started
        self._log = log
        ours, theirs = socket.socketpair()
        self._link = Link(ours)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", runtime.__file__],
                env=_variables(deployed, code) | dict(environment) | {runtime.LINK_VARIABLE: str(theirs.fileno())},
                cwd=code,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                process_group=0,  # what the function starts ends with it
            )
        self._memory = Memory(self._process.pid, deployed.memory)
        assert self._process.stdout is not None
        # Output that does not pass through Python's own `print` (of a crash or a child process) takes this way.
        threading.Thread(target=self._drain, args=(self._process.stdout,), daemon=True).start()
        self._loaded = False
        self._unloadable: Invocation | None = None

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process.poll() is None

    def invoke(self, request_id: str, payload: bytes) -> Invocation:
        """Run the function once. If the process ends, the invocation has failed, as on AWS."""
        try:
            self.load()
            return self._unloadable or self._run(request_id, payload)
        except TimeoutError:
            self.kill()
            return failure("Sandbox.Timedout", f"Task timed out after {self.deployed.timeout}.00 seconds")
        except (_Exhausted, Closed):
            return self._exited(f"RequestId: {request_id} Error: ")
        finally:
            self.idle_since = time.monotonic()

    def load(self) -> None:
        """Wait until the function is loaded. A failure is the outcome of the next invocation."""
        if self._loaded:
            return
        self._loaded = True
        try:
            self._unloadable = self._load()
        except TimeoutError:
            self.kill()
            self._unloadable = failure("Sandbox.Timedout", f"Init timed out after {INIT_SECONDS:.2f} seconds")
        except (_Exhausted, Closed):
            self._unloadable = self._exited()

    def kill(self) -> None:
        """Kill the process and what it has started."""
        self._link.close()
        if self._process.poll() is None:  # otherwise its id may be another's by now
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: it has ended just now
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Close the connection, which ends an idle process; kill it if it does not end."""
        self._link.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _load(self) -> Invocation | None:
        """Wait until the function is loaded; the failure if it cannot be."""
        deadline = time.monotonic() + INIT_SECONDS + self.deployed.timeout
        while True:
            kind, body = self._receive(deadline)
            if kind == READY:
                return None
            if kind == INIT_ERROR:
                self.kill()  # it is about to end, and must not be lent again until it has
                return Invocation(payload=body, failed=True)
            self._log(body.decode())

    def _run(self, request_id: str, payload: bytes) -> Invocation:
        seconds = self.deployed.timeout
        deadline = time.monotonic() + seconds
        self._memory.begin()
        header = {
            "request_id": request_id,
            "arn": self.deployed.arn,
            "deadline": int((time.time() + seconds) * 1000),
        }
        self._link.send(INVOKE, json.dumps(header).encode() + b"\n" + payload, seconds)
        while True:
            kind, body = self._receive(deadline)
            if kind == LINE:
                self._log(body.decode())
            elif kind in (RESULT, ERROR):
                return Invocation(payload=body, failed=kind == ERROR)

    def _exited(self, request: str = "") -> Invocation:
        self.end()
        code = self._process.returncode
        how = f"exit status {code}" if code >= 0 else f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"
        return failure("Runtime.ExitError", f"{request}Runtime exited with error: {how}")

    def _receive(self, deadline: float) -> tuple[int, bytes]:
        """The next frame, if it arrives before the deadline of the invocation. The memory is watched meanwhile."""
        while (seconds := deadline - time.monotonic()) > 0:
            frame = None
            with contextlib.suppress(TimeoutError):
                frame = self._link.receive(min(seconds, SAMPLE_SECONDS))
            if frame is None or frame[0] != LINE or self._memory.due:
                self._limit_memory()
            if frame is not None:
                return frame
        raise TimeoutError

    def _limit_memory(self) -> None:
        """Raise `_Exhausted` if the function uses too much memory. Its process is killed, as on AWS."""
        megabytes = self._memory.excess()
        if megabytes is None:
            return
        self.kill()
        limit = self.deployed.memory
        self._log(
            f"REPORT Memory Size: {limit} MB Max Memory Used: {megabytes} MB Status: error "
            "Error Type: Runtime.OutOfMemory"
        )
        raise _Exhausted

    def _drain(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._log(line.rstrip("\n"))


def _variables(deployed: DeployedFunction, code: Path) -> dict[str, str]:
    """The environment of the process except credentials and endpoint; the function's own variables win, as on AWS."""
    region, variables = deployed.arn.split(":")[3], dict(deployed.variables)
    return {
        **{name: os.environ[name] for name in HOST_VARIABLES if name in os.environ},
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_LAMBDA_FUNCTION_NAME": deployed.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployed.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": deployed.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": uuid.uuid4().hex,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": str(code),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(code), variables.get(LAYERS_VARIABLE)))),
        "_HANDLER": deployed.handler,
        **variables,
    }
