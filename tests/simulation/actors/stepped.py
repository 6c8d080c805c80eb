"""Ordinary code as a fiber: it runs in a thread that pauses at each of its steps while virtual time passes.

Either the scheduler or the thread runs, never both, so a schedule is the same each time.
"""

import threading
from collections.abc import Callable, Generator
from contextvars import copy_context
from typing import Any

from asl import Sleep

Fiber = Generator[Any, Any, Any]
_current = threading.local()


class Crashed(BaseException):
    """The process that ran the code died halfway; no `except Exception` notices."""


class Stepped:
    """One run of `work`. `pause` draws the seconds that a step takes, or raises `Crashed`."""

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
        """The run; returns its result, or None if it crashed."""
        thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)
        thread.start()
        try:
            while True:
                self._go.release()
                self._stopped.acquire()
                if self._ended:
                    break
                try:
                    yield Sleep(self._pause())
                except Crashed:
                    self._killed = True
        finally:
            if not self._ended:
                self._killed = True
                self._go.release()
            thread.join()
        if self._error is not None and not isinstance(self._error, Crashed):
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
            raise Crashed


def step() -> None:
    """Let virtual time pass before a call, if the caller runs as a fiber."""
    stepped: Stepped | None = getattr(_current, "stepped", None)
    if stepped is not None:
        stepped._step()
