"""Ordinary code as a fiber: it runs in a thread that stands still at each of its steps, while virtual time goes on.

Only one of scheduler and thread ever runs, so that a schedule stays the same each time.
"""

import threading
from collections.abc import Callable, Generator
from typing import Any

from asl import Sleep

Fiber = Generator[Any, Any, Any]
_current = threading.local()


class Died(BaseException):
    """Whoever ran the code is gone, in the middle of it; no handler of errors notices."""


class Stepped:
    """One run of `work`. `pause` draws the seconds that a step takes, or raises `Died`."""

    def __init__(self, work: Callable[[], Any], pause: Callable[[], float]) -> None:
        self._work = work
        self._pause = pause
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._ended = False
        self._killed = False
        self._result: Any = None
        self._error: BaseException | None = None

    def fiber(self) -> Fiber:
        """The run; its result, or None when it died."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            while True:
                self._go.release()
                self._stopped.acquire()
                if self._ended:
                    break
                try:
                    yield Sleep(self._pause())
                except Died:
                    self._killed = True
        finally:
            if not self._ended:
                self._killed = True
                self._go.release()
            thread.join()
        if self._error is not None and not isinstance(self._error, Died):
            raise self._error
        return self._result

    def _run(self) -> None:
        _current.stepped = self
        self._go.acquire()
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
        self._ended = True
        self._stopped.release()

    def _step(self) -> None:
        if not self._killed:
            self._stopped.release()
            self._go.acquire()
        if self._killed:
            raise Died


def step() -> None:
    """Let time go by before a call, if the code that makes it is stepped."""
    stepped: Stepped | None = getattr(_current, "stepped", None)
    if stepped is not None:
        stepped._step()
