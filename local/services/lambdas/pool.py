"""The warm workers of one function."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from local.services.lambdas.catalog import DeployedFunction
from local.services.lambdas.model import InvocationRefused
from local.services.lambdas.worker import Worker

# Lambda starts an environment for each concurrent invocation, up to a thousand. Each takes 60 MB here, so further
# invocations wait for one that is free.
MOST_WORKERS: Final = 16
# A start takes as much CPU as a hundred invocations: many at the same time would slow down each other and the running
# workers until invocations time out. So the other invocations wait for a worker, started or freed.
MOST_STARTING: Final = 2
IDLE_SECONDS: Final = 300.0
# Credentials in the environment of a worker cannot be renewed; they are valid for an hour.
OLDEST_SECONDS: Final = 2700.0

T = TypeVar("T")


class Pool:
    """Lends workers, each to one invocation at a time, for any thread."""

    def __init__(self, start: Callable[[DeployedFunction], Worker], now: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._now = now
        self._idle: list[Worker] = []  # the last used one is at the end, and is lent first
        self._lent: set[Worker] = set()
        self._starting = 0
        self._waiting = 0
        self._closed = False
        self._freed = threading.Condition()

    def lend(self, deployed: DeployedFunction) -> Worker:
        """A worker that runs the function as deployed now: a free one, or the first that is freed or has started.

        Raises `InvocationRefused` beyond the function's reserved concurrency, and when there is none for as long as
        the function may run. Lambda does not let invocations wait, either. Callers give up then: a state machine
        that tries again would have its task run once more by an invocation that it has forgotten.
        """
        with self._freed:
            self._admit(deployed)
            self._waiting += 1
            try:
                worker = self._awaited(deployed)
            finally:
                self._waiting -= 1
            self._lent.add(worker)
            return worker

    def take_back(self, worker: Worker) -> None:
        """End an invocation; a worker that is still alive waits for the next one."""
        with self._freed:
            self._lent.discard(worker)
            if worker.alive:
                self._idle.append(worker)
            self._freed.notify_all()

    def reap(self) -> None:
        """End workers that have been idle for long."""
        with self._freed:
            gone = [worker for worker in self._idle if self._now() - worker.idle_since > IDLE_SECONDS]
            self._idle = [worker for worker in self._idle if worker not in gone]
        for worker in gone:
            worker.end()

    def close(self) -> None:
        """End all workers; invocations in flight are aborted."""
        with self._freed:
            self._closed = True
            idle, lent = self._idle, list(self._lent)
            self._idle = []
        for worker in idle:
            worker.end()
        for worker in lent:
            worker.kill()

    def _admit(self, deployed: DeployedFunction) -> None:
        if deployed.reserved is not None and len(self._lent) + self._waiting >= deployed.reserved:
            raise InvocationRefused("TooManyRequestsException", f"Rate Exceeded: {deployed.name}", 429)

    def _retire(self, deployed: DeployedFunction) -> None:
        """End idle workers that run another version than the deployed one, have died, or are too old."""
        gone = [
            worker
            for worker in self._idle
            if worker.deployed != deployed or not worker.alive or self._now() - worker.started > OLDEST_SECONDS
        ]
        self._idle = [worker for worker in self._idle if worker not in gone]
        for worker in gone:
            worker.kill()

    def _awaited(self, deployed: DeployedFunction) -> Worker:
        """The waiting invocation starts a worker where one is needed, but takes any that is free first."""
        start: Future[Worker | None] | None = None
        until = self._now() + deployed.timeout
        while (left := until - self._now()) > 0:
            self._retire(deployed)
            if self._idle:
                return self._idle.pop()
            if start is not None and start.done():
                if (unusable := start.result()) is not None:
                    return unusable  # the invocation reports why
                start = None  # another invocation has its worker
            if start is None and self._starting < self._most_starting():
                start = self._begin(deployed)
            self._freed.wait(left)
        raise InvocationRefused(
            "TooManyRequestsException", f"Rate Exceeded: no worker of {deployed.name} is free", 429
        )

    def _most_starting(self) -> int:
        return min(MOST_STARTING, self._waiting, MOST_WORKERS - len(self._lent))

    def _begin(self, deployed: DeployedFunction) -> Future[Worker | None]:
        """Start a worker for the waiting invocations; the result is the worker if it could not load its function."""
        self._starting += 1
        start: Future[Worker | None] = Future()
        threading.Thread(target=self._run, args=(deployed, start), name="lambda-start", daemon=True).start()
        return start

    def _run(self, deployed: DeployedFunction, start: Future[Worker | None]) -> None:
        try:
            worker = self._start(deployed)
            worker.load()
        except BaseException as error:  # for the invocation that waits for it
            with self._freed:
                self._end_start(start.set_exception, error)
            return
        with self._freed:
            if self._closed:
                worker.kill()
            if worker.alive:
                self._idle.append(worker)
            self._end_start(start.set_result, None if worker.alive else worker)

    def _end_start(self, settle: Callable[[T], None], outcome: T) -> None:
        self._starting -= 1
        settle(outcome)
        self._freed.notify_all()
