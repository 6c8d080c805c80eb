"""Puts the datums of the store to the emulator's CloudWatch in the background."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Final

from local.emulator.clients import Clients
from local.services.metrics.store import MetricStore, requests

TICK_SECONDS: Final = 1.0
MOST_DATUMS: Final = 1000  # of one request
STOP_SECONDS: Final = 5.0


class MetricPublisher:
    """Publishes from `start` to `stop`. A datum that cannot be put is dropped, as on AWS."""

    def __init__(self, clients: Clients, store: MetricStore) -> None:
        self._cloudwatch: Any = clients.cloudwatch
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)

    def start(self) -> None:
        """Start publishing."""
        self._thread.start()

    def stop(self) -> None:
        """Put the rest, and stop."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def publish(self, *, everything: bool = False) -> None:
        """Put the datums that are due."""
        for request in requests(self._store.due(everything=everything)):
            datums = request["MetricData"]
            for start in range(0, len(datums), MOST_DATUMS):
                self._put(request["Namespace"], datums[start : start + MOST_DATUMS])

    def _put(self, namespace: str, datums: list[dict[str, Any]]) -> None:
        with contextlib.suppress(Exception):  # whatever it is: metrics are lost, as on AWS, and the thread survives
            self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=datums)

    def _work(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            self.publish()
        self.publish(everything=True)
