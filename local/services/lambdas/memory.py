"""The memory of an execution environment, measured from outside of it.

Lambda kills an environment that uses more memory than its function has. Limits that a process can be given
(RLIMIT_AS, RLIMIT_DATA) do something else: they count what is only reserved, hundreds of megabytes for threads and
allocators, and they raise a MemoryError, which a function can catch. Control groups need rights that a laptop's user
may not have, and exist on Linux alone. So what is resident is measured while an invocation runs, and at its end.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Final

import psutil

SAMPLE_SECONDS: Final = 0.05
# To find what a process has started takes a look at every process of the machine.
SEARCH_SECONDS: Final = 0.5
MEGABYTE: Final = 1024 * 1024


class Memory:
    """The memory of a process and of what it has started."""

    def __init__(self, pid: int, megabytes: int) -> None:
        self._process = psutil.Process(pid)
        self._limit = megabytes
        self._children: list[psutil.Process] = []
        self._searched = self._measured = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it was measured too long ago."""
        return time.monotonic() - self._measured >= SAMPLE_SECONDS

    def begin(self) -> None:
        """An invocation begins, the first or another one."""
        self._children = []
        self._searched = self._measured = time.monotonic()

    def excess(self) -> int | None:
        """The megabytes in use, if they are more than the function has; None if they are not."""
        self._measured = time.monotonic()
        if self._measured - self._searched >= SEARCH_SECONDS:
            self._searched = self._measured
            with contextlib.suppress(psutil.Error):
                self._children = self._process.children(recursive=True)
        used = peak(self._process) + sum(map(_own, self._children))
        return used // MEGABYTE if used > self._limit * MEGABYTE else None


def peak(process: psutil.Process) -> int:
    """The most bytes that a process has had resident; what it has now where the system does not keep the most.

    0 if it has ended.
    """
    try:
        if sys.platform == "linux":
            return 1024 * int(Path(f"/proc/{process.pid}/status").read_bytes().partition(b"VmHWM:")[2].split()[0])
        return process.memory_info().rss
    except (OSError, IndexError, psutil.Error):  # a zombie has no such line
        return 0


def _own(process: psutil.Process) -> int:
    """The bytes that a process shares with no other: after a fork, most of its memory is its parent's."""
    try:
        return process.memory_full_info().uss
    except psutil.Error:
        return 0
