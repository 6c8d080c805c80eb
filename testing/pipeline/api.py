"""Requests to the shipped handlers, with ports of one pipeline in memory."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from functions import canceller, redrive, validator, workers
from functions.adapters.dead_letters import SQSDeadLetters
from functions.adapters.queue import SQSTaskQueue
from functions.adapters.task_table.failures import DynamoDBFailedTasks
from functions.adapters.task_table.progress import DynamoDBProgress
from functions.adapters.task_table.records import DynamoDBRecordStore
from functions.tasks.clock import uuid7
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.intake.submission import Ports
from functions.tasks.redrive.redriver import Redriver
from functions.tasks.registry import Registry
from functions.tasks.tenancy import Tenancy
from testing.pipeline.faults import Faults
from testing.pipeline.machine import RETENTION_SECONDS
from testing.pipeline.quiet import quiet, undecorated
from testing.pipeline.world import World
from testing.services.calls import SimulatedContext
from testing.services.clients import InMemoryDynamoDB, InMemorySQS

KEEP_FOR = timedelta(seconds=RETENTION_SECONDS)


class Refused(Exception):
    """A request that the API refused. `status` is that of HTTP, `errors` has a message for each wrong field."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.title = str(problem.get("title", ""))
        self.errors = {error["field"]: error["message"] for error in problem.get("errors", ())}
        findings = "; ".join(f"{field} {message}" for field, message in self.errors.items())
        super().__init__(f"{status} {self.title}: {findings or problem.get('detail', '')}")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a request says, apart from its body. `caller` is the id of its API key; without one it is anonymous."""

    method: str
    resource: str
    task_id: str | None = None
    headers: Mapping[str, str] | None = None
    caller: str | None = None

    def event(self, body: Any) -> dict[str, Any]:
        """API Gateway's proxy event."""
        path = self.resource.replace("{task_id}", self.task_id or "")
        identity = {"apiKeyId": self.caller}
        return {
            "httpMethod": self.method,
            "resource": self.resource,
            "path": path,
            "headers": {"Content-Type": "application/json", **(self.headers or {})},
            "pathParameters": {"task_id": self.task_id} if self.task_id else None,
            "requestContext": {"requestId": "in-memory", "stage": "v1", "path": f"/v1{path}", "identity": identity},
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }


class RequestHandlers:
    """The handlers of requests. Each is built as on AWS, with clients of this pipeline's services."""

    def __init__(
        self, world: World, types: Registry, faults: Faults, chance: random.Random, ordering: DefaultOrdering
    ) -> None:
        table: Any = InMemoryDynamoDB(world.table, faults.perform)
        queues: Any = InMemorySQS(world.queue.send, world.dead_letters, faults.perform)
        records, queue = DynamoDBRecordStore("tasks", table), SQSTaskQueue("queue", queues)

        def now() -> datetime:
            return datetime.fromtimestamp(world.clock.now(), UTC)

        self._intake = Ports(
            records=records,
            queue=queue,
            types=types,
            now=now,
            new_id=lambda moment: uuid7(int(moment.timestamp() * 1000), chance.randbytes(10)),
            tenancy=Tenancy.ISOLATED,
            ordering=ordering,
            id_secret=b"the secret of this pipeline",
        )
        self._canceller = canceller.Canceller(records=records, keep_for=KEEP_FOR, now=now, tenancy=Tenancy.ISOLATED)
        self._workers = workers.Workers(
            records=records,
            tokens=world.executions,
            progress=DynamoDBProgress("tasks", now, table),
            types=types,
            tenancy=Tenancy.ISOLATED,
            draw=chance.random,
        )
        self._redrive = redrive.Ports(
            redriver=Redriver(tasks=DynamoDBFailedTasks("tasks", table), queue=queue, now=now),
            dead_letters=SQSDeadLetters("dead-letters", queues),
            fresh_for=KEEP_FOR,
            now=now,
        )

    def submit(self, sent: Sent, body: Any) -> dict[str, Any]:
        """The document of an accepted task or batch; `Refused` otherwise."""
        return self._call(validator, self._intake, sent.event(body))

    def cancel(self, task_id: str, caller: str | None) -> None:
        """Cancel a task; `Refused` if it is not queued."""
        sent = Sent(method="DELETE", resource="/tasks/{task_id}", task_id=task_id, caller=caller)
        self._call(canceller, self._canceller, sent.event(None))

    def bring_back(self, action: str, task_id: str, body: Mapping[str, Any], caller: str | None) -> dict[str, Any]:
        """What a worker says of a task: `complete`, `fail` or `heartbeat`; `Refused` if nobody waits for its token."""
        resource = f"/tasks/{{task_id}}/{action}"
        sent = Sent(method="POST", resource=resource, task_id=task_id, caller=caller)
        return self._call(workers, self._workers, sent.event(body))

    def redrive_one(self, task_id: str) -> list[str]:
        """Redrive a task, and return the ids of all that were; `Refused` if it has not failed."""
        sent = Sent(method="POST", resource="/tasks/{task_id}/redrive", task_id=task_id)
        return self._redriven(sent.event(None))[0]

    def redrive(self, filters: Mapping[str, Any]) -> list[str]:
        """Redrive all that the filters select, page by page."""
        sent, request = Sent(method="POST", resource="/redrive"), {"dry_run": False, **filters}
        ids, continuation = self._redriven(sent.event(request))
        while continuation is not None:
            more, continuation = self._redriven(sent.event({**request, "continuation": continuation}))
            ids += more
        return ids

    def _redriven(self, event: dict[str, Any]) -> tuple[list[str], str | None]:
        document = self._call(redrive, self._redrive, event)
        return [task["task_id"] for task in document["tasks"]], document.get("continuation")

    @staticmethod
    def _call(module: Any, ports: Any, event: dict[str, Any]) -> dict[str, Any]:
        with module.build.given(ports), quiet():
            response = undecorated(module.handler)(event, SimulatedContext())
        document = json.loads(response["body"])
        if response["statusCode"] >= 400:
            raise Refused(response["statusCode"], document)
        return document
