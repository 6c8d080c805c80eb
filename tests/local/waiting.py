"""Lets a test know that another thread waits, so that nothing depends on who comes first."""

from __future__ import annotations

import threading


class Watched(threading.Condition):
    """A condition. Whoever acquires `waiters`, and then the condition itself, finds a thread waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.waiters = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.waiters.release()
        return super().wait(timeout)
