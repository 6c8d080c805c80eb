"""Lets a test know that another thread waits, so that nothing depends on which comes first."""

from __future__ import annotations

import threading


class Watched(threading.Condition):
    """A condition. A thread that acquires `waiters`, and then the condition itself, finds another one waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.waiters = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.waiters.release()
        return super().wait(timeout)
