"""The lock that an emulator holds as long as it lives: no two ever have the same saved state and journal.

It is the kernel's (flock), on a file that names the process. The laptop edition takes it and hands it down when it
starts the emulator, so that there is no moment at which an emulator runs without it.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path

import psutil

from local.emulator import emulator_process
from local.host import processes

# The time at which a process was created is derived from that of the boot, which is known to the second.
CLOCK_SECONDS = 2.0
POLL_SECONDS = 0.02
PROGRAM = Path(emulator_process.__file__).name


class EmulatorLock:
    """One opened lock file. The lock ends when all who have inherited it have closed it, or ended."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> bool:
        """Whether it is ours now. It names nobody then."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        os.ftruncate(self.file, 0)
        return True

    def wait(self, seconds: float) -> bool:
        """Try to take it for so long."""
        deadline = time.monotonic() + seconds
        while not self.take():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def named(self) -> int:
        """The id of the process that holds it; 0 as long as a process that has just started has not named itself."""
        text = os.pread(self.file, 20, 0)
        return int(text) if text.isdigit() else 0

    def holder(self) -> psutil.Process | None:
        """The emulator that holds it; None if it is not certain that the named process is this emulator."""
        process = processes.find(self.named() or -1)
        return process if process is not None and self._is_emulator(process) else None

    def close(self) -> None:
        """Leave it to those who have inherited it."""
        os.close(self.file)

    def _is_emulator(self, process: psutil.Process) -> bool:
        """A process that has got the id of one that has ended is younger than what that one wrote."""
        try:
            is_old = process.create_time() <= os.fstat(self.file).st_mtime + CLOCK_SECONDS
        except psutil.NoSuchProcess:
            return False
        program, lock = ["", "", *processes.command_line(process)][-2:]
        return is_old and Path(program).name == PROGRAM and lock == str(self.path)


def command(lock: Path) -> list[str]:
    """What starts an emulator that holds this lock."""
    return [sys.executable, "-P", emulator_process.__file__, str(lock)]
