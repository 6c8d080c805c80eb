"""Task runners under the roles of machines, so that a machine may do what its role allows."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from botocore.config import Config

from asl.integrations import ServiceTasks, clients_of
from asl.integrations.services import client_name
from local.emulator.assumed_role import assumed_session
from local.emulator.clients import Clients
from local.emulator.lean_client import LeanClient
from local.services.lambdas.model import Invoker
from local.services.states.functions import LambdaClient

SESSION_NAME = "express-workflow"
LEAN = frozenset({"dynamodb", "sqs"})
# One attempt each: the machine's `Retry` decides about others. An Express execution lasts five minutes at most.
CALLS = Config(inject_host_prefix=False, read_timeout=310, retries={"total_max_attempts": 1}, max_pool_connections=50)


class Roles:
    """One runner per role, made on first use: its clients cost 50 ms, its credentials a call."""

    def __init__(self, clients: Clients, functions: Invoker) -> None:
        self._clients = clients
        self._functions = functions
        self._runners: dict[str, RoleTasks] = {}
        self._turn = threading.Lock()

    def tasks(self, role_arn: str) -> RoleTasks:
        """The runner whose calls are made under the role."""
        with self._turn:
            if role_arn not in self._runners:
                self._runners[role_arn] = RoleTasks(self._clients, role_arn, self._functions)
            return self._runners[role_arn]


class RoleTasks(ServiceTasks):
    """Runs tasks under a role, whose credentials are renewed before they expire."""

    def __init__(self, clients: Clients, role_arn: str, functions: Invoker) -> None:
        session: Any = assumed_session(clients, role_arn, SESSION_NAME)
        self._made = clients_of(session, config=CALLS)
        self._lambda = LambdaClient(self._made("lambda"), clients, role_arn, functions)
        self._lean: dict[str, Any] = {}
        self._turn = threading.Lock()
        super().__init__(self._client)

    def warm(self, services: Iterable[str]) -> None:
        """Make the clients of these services (named as in a resource ARN) before they are needed."""
        for service in services:
            self._client(client_name("lambda" if service == "function" else service))

    def _client(self, service: str) -> Any:
        if service == "lambda":
            return self._lambda
        with self._turn:
            if service not in self._lean:
                client = self._made(service)
                self._lean[service] = LeanClient(client) if service in LEAN else client
            return self._lean[service]
