"""Lambda's Invoke, as the gateway, the state machine, the streams and the emulator call it."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from local.emulator.clients import Clients
from local.services.lambdas.catalog import Catalog, DeployedFunction
from local.services.lambdas.model import Invocation, InvocationRefused
from local.services.lambdas.pool import Pool
from local.services.lambdas.worker import Worker
from local.services.logs.delivery import LogDelivery
from local.services.metrics.store import MetricStore

REAP_SECONDS: Final = 30.0


class LambdaService:
    """Runs the functions that are deployed on the emulator, each under its role, for any thread."""

    def __init__(self, clients: Clients, folder: Path, logs: LogDelivery, metrics: MetricStore) -> None:
        self.catalog = Catalog(clients, folder)
        self._clients = clients
        self._logs = logs
        self._metrics = metrics
        self._pools: defaultdict[str, Pool] = defaultdict(lambda: Pool(self._start))
        self._turn = threading.Lock()
        self._closing = threading.Event()
        threading.Thread(target=self._reap, name="lambda-reaper", daemon=True).start()

    def invoke(self, function: str, payload: bytes) -> Invocation:
        """Run a function, given by name or ARN, to its end. Raises `InvocationRefused`."""
        deployed = self.catalog.find(function)
        started = time.perf_counter()
        try:
            worker = self._pool(deployed.name).lend(deployed)
        except InvocationRefused:
            self._count(deployed, {"Throttles": 1.0})
            raise
        try:
            invocation = worker.invoke(str(uuid.uuid4()), payload)
        finally:
            self._pool(deployed.name).take_back(worker)
        duration = (time.perf_counter() - started) * 1000
        self._count(deployed, {"Invocations": 1.0, "Errors": float(invocation.failed), "Duration": duration})
        return invocation

    def warm(self, functions: Iterable[str]) -> None:
        """Start loading functions, so that their first invocation is fast."""
        threading.Thread(target=self._warm, args=(list(functions),), name="lambda-warm-up", daemon=True).start()

    def close(self) -> None:
        """End all workers."""
        self._closing.set()
        with self._turn:
            pools = list(self._pools.values())
        for pool in pools:
            pool.close()

    def _pool(self, name: str) -> Pool:
        with self._turn:
            return self._pools[name]

    def _start(self, deployed: DeployedFunction) -> Worker:
        emulator = {"AWS_ENDPOINT_URL": self._clients.endpoint, "AWS_SDK_UA_APP_ID": self._clients.secret}
        environment = {**self._credentials(deployed), **emulator}
        code = self.catalog.code(deployed)
        return Worker(deployed, code, environment, lambda text: self._printed(deployed, text))

    def _credentials(self, deployed: DeployedFunction) -> dict[str, str]:
        assumed: Any = self._clients.sts.assume_role(RoleArn=deployed.role_arn, RoleSessionName=deployed.name[:64])
        credentials = assumed["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }

    def _printed(self, deployed: DeployedFunction, text: str) -> None:
        """Write lines of a function to its log group, and extract their metrics, as CloudWatch Logs does."""
        now = int(time.time() * 1000)
        lines = [line for line in text.split("\n") if line]
        events = [{"timestamp": now, "message": line} for line in lines]
        self._logs.put_log_events(logGroupName=deployed.log_group, logStreamName="", logEvents=events)
        for line in lines:
            self._metrics.take_line(line)

    def _count(self, deployed: DeployedFunction, values: dict[str, float]) -> None:
        self._metrics.record("AWS/Lambda", {"FunctionName": deployed.name}, values)

    def _warm(self, functions: list[str]) -> None:
        for function in functions:
            # A missing or broken function is reported by its first invocation.
            with contextlib.suppress(Exception):
                deployed = self.catalog.find(function)
                self._pool(deployed.name).take_back(self._pool(deployed.name).lend(deployed))

    def _reap(self) -> None:
        while not self._closing.wait(REAP_SECONDS):
            with self._turn:
                pools = list(self._pools.values())
            for pool in pools:
                pool.reap()
