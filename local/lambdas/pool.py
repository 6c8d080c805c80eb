"""The warm workers of one function."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from local.lambdas.catalog import Deployed
from local.lambdas.model import InvocationRefused
from local.lambdas.worker import Worker

# Lambda starts an environment for each concurrent invocation, up to a thousand. Each takes 60 MB here, so further
# invocations wait for one that is free.
MOST_WORKERS: Final = 16
# A start takes as much CPU as a hundred invocations: a crowd that all start at once make each other, and the workers
# that are there, so slow that invocations time out. So the rest waits for a worker, started or freed.
MOST_STARTING: Final = 2
IDLE_SECONDS: Final = 300.0
# Credentials in a worker's environment cannot be renewed; they are good for an hour.
OLDEST_SECONDS: Final = 2700.0


class Pool:
    """Lends workers, each to one invocation at a time, for any thread."""

    def __init__(self, start: Callable[[Deployed], Worker], now: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._now = now
        self._idle: list[Worker] = []  # the one that was used last is at the end, and is lent first
        self._lent: set[Worker] = set()
        self._starting = 0
        self._freed = threading.Condition()

    def lend(self, deployed: Deployed) -> Worker:
        """A worker that runs the function as it is deployed now. Raises `InvocationRefused` beyond its reserved
        concurrency."""
        with self._freed:
            self._admit(deployed)
            while True:
                self._retire(deployed)
                if self._idle:
                    worker = self._idle.pop()
                    self._lent.add(worker)
                    return worker
                if self._starting < MOST_STARTING and len(self._lent) + self._starting < MOST_WORKERS:
                    self._starting += 1
                    break
                self._freed.wait()
        return self._started(deployed)

    def take_back(self, worker: Worker) -> None:
        """The invocation is over; a worker that is still alive waits for the next."""
        with self._freed:
            self._lent.discard(worker)
            if worker.alive:
                self._idle.append(worker)
            self._freed.notify()

    def reap(self) -> None:
        """End what has been idle for long."""
        with self._freed:
            gone = [worker for worker in self._idle if self._now() - worker.idle_since > IDLE_SECONDS]
            self._idle = [worker for worker in self._idle if worker not in gone]
        for worker in gone:
            worker.end()

    def close(self) -> None:
        """End all workers; what is being invoked is broken off."""
        with self._freed:
            idle, lent = self._idle, list(self._lent)
            self._idle = []
        for worker in idle:
            worker.end()
        for worker in lent:
            worker.kill()

    def _admit(self, deployed: Deployed) -> None:
        if deployed.reserved is not None and len(self._lent) + self._starting >= deployed.reserved:
            raise InvocationRefused("TooManyRequestsException", f"Rate Exceeded: {deployed.name}", 429)

    def _retire(self, deployed: Deployed) -> None:
        """End the idle workers that run something else than what is deployed now, have died, or are too old."""
        gone = [
            worker
            for worker in self._idle
            if worker.deployed != deployed or not worker.alive or self._now() - worker.started > OLDEST_SECONDS
        ]
        self._idle = [worker for worker in self._idle if worker not in gone]
        for worker in gone:
            worker.kill()

    def _started(self, deployed: Deployed) -> Worker:
        worker: Worker | None = None
        try:
            worker = self._start(deployed)
            worker.load()
            return worker
        finally:
            with self._freed:
                self._starting -= 1
                if worker is not None:
                    self._lent.add(worker)
                self._freed.notify()
