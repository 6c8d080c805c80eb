"""How a handler gets what it depends on: built once per execution environment, or given for some calls."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Generic, TypeVar

PortsT = TypeVar("PortsT")


class Built(Generic[PortsT]):
    """Calls `build` once and remembers what it returns, as `functools.cache` does.

    Within `given`, it returns what was given: only in the thread and context of the caller, so that several pipelines
    can run in one process, each with its own clock, queue and table.
    """

    def __init__(self, build: Callable[[], PortsT]) -> None:
        self._build = cache(build)
        self._given: ContextVar[PortsT | None] = ContextVar(build.__module__, default=None)
        self.cache_clear = self._build.cache_clear

    def __call__(self) -> PortsT:
        given = self._given.get()
        return self._build() if given is None else given

    @contextmanager
    def given(self, ports: PortsT) -> Generator[None]:
        """Use these for all calls of the block."""
        token = self._given.set(ports)
        try:
            yield
        finally:
            self._given.reset(token)
