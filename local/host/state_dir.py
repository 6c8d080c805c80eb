"""The folder that holds the state of the laptop edition, and the lock that keeps it to one process."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import IO

from local.host.errors import LaptopError
from local.host.files import replace_durably

LOCK = "lock"
LOG_BYTES = 1_000_000


class StateDir:
    """Paths inside the state directory, and the exclusive lock on it.

    The lock is the kernel's (flock): it ends with the process, however that ends, so it is never left behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.emulator_state = path / "emulator"
        self.temporary = path / "tmp"
        self.code = self.temporary / "code"
        self.emulator_log = path / "emulator.log"
        self.earlier_emulator_log = path / "emulator.log.1"
        self.emulator_lock = path / "emulator.lock"
        self.journal = path / "journal.sqlite3"
        self.executions = path / "executions.sqlite3"
        self.program_error = path / "program-error.log"
        self.runtime = path / "runtime.json"
        self.secrets = path / "secrets.env"
        self._lock: IO[str] | None = None

    def acquire(self) -> None:
        """Create the folder and take the lock, or raise `LaptopError`."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (self.path / LOCK).open("a+", encoding="utf-8")
        except OSError as error:
            raise LaptopError(
                f"The state directory {self.path} cannot be written: {error.strerror}.",
                "Make it writable, or set TASKLINE_STATE_DIR to a folder that is.",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise self._taken() from error
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def release(self) -> None:
        """Release the lock; safe to call twice."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def clear(self) -> None:
        """Delete all state but the locks. Files that are not Taskline's stay."""
        for folder in (self.emulator_state, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
        files = (self.emulator_log, self.earlier_emulator_log, self.program_error, self.runtime)
        for file in (
            *files,
            *self.path.glob("resources-*.json"),
            *self.path.glob("kept-*.json"),
            *self.path.glob("journal.sqlite3*"),
            *self.path.glob("executions.sqlite3*"),
            *self.path.glob("*.partial"),
        ):
            file.unlink(missing_ok=True)

    def open_emulator_log(self) -> IO[bytes]:
        """To append to: what an earlier start wrote may explain this one. Begun anew when it is large; one is kept."""
        if self.emulator_log.exists() and self.emulator_log.stat().st_size > LOG_BYTES:
            self.emulator_log.replace(self.earlier_emulator_log)
        return self.emulator_log.open("ab")

    def manifest(self, stage: str) -> Path:
        """The resources of a stage. Each stage has its own file, or one would remove those of another."""
        return self.path / f"resources-{stage}.json"

    def kept(self, stage: str) -> Path:
        """The values that a stage's program made once, secrets among them."""
        return self.path / f"kept-{stage}.json"

    def prepare(self) -> None:
        """Create the folders that the emulator writes to; the temporary one starts empty."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        for folder in (self.temporary, self.emulator_state):
            folder.mkdir(parents=True, exist_ok=True)

    def _taken(self) -> LaptopError:
        assert self._lock is not None
        self._lock.seek(0)
        owner = self._lock.read().strip() or "unknown"
        self.release()
        return LaptopError(
            f"Another Taskline (process {owner}) is using the state directory {self.path}.",
            "Stop it first, or set TASKLINE_STATE_DIR and TASKLINE_PORT to run a second one.",
        )


def write_json(path: Path, value: object) -> None:
    """Replace the file in one step, so that neither a reader nor a power cut sees half of it."""
    replace_durably(path, json.dumps(value, indent=2, sort_keys=True))


def read_json(path: Path) -> object:
    """The file's value; None if it is missing, or is not JSON and so as good as missing."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
