"""The AWS emulator as a child process: started on a free port, watched, and stopped so that it saves its state."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from local.emulator import emulator_process
from local.emulator.address import get, split
from local.emulator.lock import EmulatorLock, command
from local.emulator.orphan import KEPT, Say
from local.emulator.process.durability import RECOVER_PATH
from local.emulator.process.state_files import UNREADABLE
from local.host.errors import LaptopError
from local.host.state_dir import StateDir

ROOT = Path(__file__).parents[2]
ACCOUNT_ID = "000000000000"
START_SECONDS = 20.0
STOP_SECONDS = 15.0
RECOVERY_SECONDS = 120.0
# The child inherits only these: a LOG_LEVEL or an AWS_PROFILE of the host would reach every Lambda function.
HOST_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SYSTEMROOT")


class Emulator:
    """One emulator process on one state directory. `start` it once, `stop` it always."""

    def __init__(
        self,
        state: StateDir,
        region: str,
        say: Say = print,
        additions: Mapping[str, str] | None = None,
        *,
        guarded: bool = True,
        journaled: bool = True,
    ) -> None:
        """`additions` are further variables of its environment, which the functions that it starts inherit.

        Without its guard it serves every process on this machine, and without its journal it loses what it has not
        saved when it dies: both for measurements of what they cost.
        """
        self._state = state
        self._region = region
        self._say = say
        self._additions = dict(additions or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._saved = False
        self._guarded = guarded
        self._journaled = journaled
        self.endpoint = ""

    @property
    def pid(self) -> int:
        """The child's process id; 0 before it is started."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the child; `wait_until_ready` must follow."""
        port, secret = _free_port(), secrets.token_urlsafe(24) if self._guarded else ""
        self.endpoint = f"http://{secret}@127.0.0.1:{port}"
        lock = self._lock()
        own = {
            "PYTHONPATH": str(ROOT),  # not inherited by the functions that it starts
            emulator_process.SECRET_VARIABLE: secret,
            emulator_process.JOURNAL_VARIABLE: str(self._state.journal) if self._journaled else "",
            emulator_process.LOCK_VARIABLE: str(lock.file),
        }
        with self._state.open_emulator_log() as log, contextlib.closing(lock):
            self._process = subprocess.Popen(
                command(lock.path),
                env=environment(self._state, self._region, port, os.environ) | own | self._additions,
                pass_fds=[lock.file],
                cwd=self._state.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the whole foreground group, but the pipes have to stop before their emulator does.
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return when it responds, or raise `LaptopError` with the last lines of its log."""
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(self.endpoint):
            if not self.running():
                raise self._failure("The AWS emulator ended while starting")
            if time.monotonic() > deadline:
                raise self._failure(f"The AWS emulator did not respond within {START_SECONDS:.0f} s")
            time.sleep(0.02)

    def running(self) -> bool:
        """Whether the child is alive."""
        return self._process is not None and self._process.poll() is None

    def died(self) -> LaptopError:
        """The error to show when the child has ended unexpectedly."""
        return self._failure("The AWS emulator ended unexpectedly")

    def recover(self) -> None:
        """Restore what the last run had not saved. The tables and queues of the stage must exist."""
        if not self._journaled:
            return
        secret, plain = split(self.endpoint)
        recovered = json.loads(get(f"{plain}{RECOVER_PATH}", secret, timeout=RECOVERY_SECONDS))
        if any(recovered.values()):
            self._say(
                "Recovered what the last run had not saved when it ended. Records of tables: {records}, "
                "messages in queues: {messages}.".format(**recovered)
            )

    def check_saved(self) -> None:
        """Raise `LaptopError` if it was stopped without saving its state."""
        if not self._saved:
            raise LaptopError(
                "The AWS emulator could not save its state. The journal has what it had accepted: nothing is lost.",
                f"The next start recovers it. See {self._state.emulator_log}, and whether the disk is full.",
            )

    def stop(self) -> None:
        """Let it save its state and end; kill it, with a warning, only if it does not."""
        if self._process is None:
            return
        if self.running():
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._say(f"Warning: the AWS emulator did not stop within {STOP_SECONDS:.0f} s and was killed. {KEPT}")
                self._process.kill()
                self._process.wait()
        self._saved = self._process.returncode == 0
        self._process = None

    def _lock(self) -> EmulatorLock:
        """Ours; the child inherits it. `stop_orphan` has ended whoever had it."""
        lock = EmulatorLock(self._state.emulator_lock)
        if not lock.take():
            lock.close()
            raise LaptopError(
                f"Another AWS emulator holds {lock.path}: it uses the same state.",
                "Stop it first, or set TASKLINE_STATE_DIR to another folder.",
            )
        return lock

    def _failure(self, problem: str) -> LaptopError:
        code = self._process.poll() if self._process else None
        ending = f" (exit code {code})" if code is not None else ""
        lines = self._state.emulator_log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        quoted = "".join(f"\n    {line}" for line in lines)
        return LaptopError(f"{problem}{ending}.{quoted}", f"See {self._state.emulator_log}. {_way_out(code, lines)}")


def environment(state: StateDir, region: str, port: int, host: Mapping[str, str]) -> dict[str, str]:
    """What the child and the functions that it starts have in their environment."""
    endpoint = f"http://127.0.0.1:{port}"
    return {name: host[name] for name in HOST_VARIABLES if name in host} | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "AUTH": "true",
        "LOG_LEVEL": "ERROR",
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state.emulator_state),
        "TMPDIR": str(state.temporary),
        # The emulator does not set the endpoint for functions on provided.* runtimes.
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def is_ready(endpoint: str) -> bool:
    """Whether an emulator is ready at the endpoint."""
    try:
        secret, plain = split(endpoint)
        get(f"{plain}/_ministack/ready", secret, timeout=2)
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _way_out(code: int | None, log: list[str]) -> str:
    if code == UNREADABLE:
        return (
            "Nothing was changed. Put the state directory back from a copy, or keep it and set TASKLINE_STATE_DIR to "
            "a new folder. `make run FRESH=1` deletes it, tasks included."
        )
    if any("No module named" in line for line in log):
        return "A dependency is missing: `make run` installs it."
    return "Start again: what was accepted is recovered. `make run FRESH=1` starts with empty state."
