"""The API of a stage as a command needs it: documents as the API wrote them, with fields that nobody here knows.

This is where the command line meets `taskline.client`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskline.cli.basis.batches import Answer, Retry, Send

if TYPE_CHECKING:
    from taskline.cli.running.session import Session

Document = dict[str, Any]
LONGEST_WAIT = 30.0  # seconds for one batch; a longer silence is a reason to send it again


class StageApi:
    """Requests to one stage. Errors are the client's; `taskline.cli.basis.problems` explains them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, task_id: str, *, operator: bool = False) -> Document:
        """A task with its history."""
        return dict(self._session.client.get(task_id, operator=operator).document)

    def tasks(
        self,
        *,
        status: str | None = None,
        ordering_key: str | None = None,
        tenant: str | None = None,
        operator: bool = False,
        page: int = 100,
    ) -> Iterator[Document]:
        """Tasks, newest first; the next page of so many is read when it is needed."""
        found = self._session.client.iter_tasks(
            status=status, ordering_key=ordering_key, tenant=tenant, operator=operator, page_size=page
        )
        return (dict(task.document) for task in found)

    def first_page(self) -> None:
        """Read as little as can be read: does the API let this caller in?"""
        self._session.client.list(limit=1)

    def submit(self, task: Mapping[str, Any], *, idempotency_key: str | None = None) -> Document:
        """Submit a task."""
        return dict(self._session.client.submit(task, idempotency_key=idempotency_key).task.document)

    def cancel(self, task_id: str, *, operator: bool = False) -> Document:
        """Cancel a queued task."""
        return dict(self._session.client.cancel(task_id, operator=operator).document)

    def complete(self, task_id: str, token: str, result: Any) -> Document:
        """End a task as its worker, with its result."""
        return dict(self._session.client.complete(task_id, token, result).document)

    def fail(self, task_id: str, token: str, failure: Mapping[str, Any]) -> Document:
        """End a run as its worker; what the failure leaves open (None) is as the client has it."""
        given = {name: value for name, value in failure.items() if value is not None}
        return dict(self._session.client.fail(task_id, token, **given).document)

    def heartbeat(self, task_id: str, token: str, percent: int | None, text: str) -> Document:
        """Say as its worker that one is still at it."""
        return dict(self._session.client.heartbeat(task_id, token, percent=percent, text=text).document)

    def redrive(self, filters: Mapping[str, Any], *, dry_run: bool, after: str | None) -> Document:
        """One step of a redrive: up to a hundred tasks, and with a `continuation` there are more."""
        body = {**filters, "dry_run": dry_run, **({"continuation": after} if after else {})}
        return self._session.client.call("POST", "/redrive", json=body)

    def redrive_ids(self, task_ids: Sequence[str], *, dry_run: bool) -> Document:
        """Redrive these tasks, in the order in which they were accepted; none if one of them has not failed."""
        return dict(self._session.client.redrive(task_ids=task_ids, dry_run=dry_run).document)

    def breaker(self) -> Document:
        """The circuit breaker and its pipe."""
        return dict(self._session.client.breaker().document)

    def set_breaker(self, state: str, reason: str) -> Document:
        """Open or close the breaker."""
        client = self._session.client
        change = client.open_breaker if state == "open" else client.close_breaker
        return dict(change(reason).document)

    def closed_keys(self) -> Iterator[Document]:
        """The closed keys of all clients, the longest closed first; the next page is read when it is needed."""
        return (dict(key.document) for key in self._session.client.iter_keys())

    def key(self, key: str, tenant: str | None) -> Document:
        """An ordering key: open, or closed and why."""
        return dict(self._session.client.key(key, tenant=tenant).document)

    def close_key(self, key: str, reason: str, tenant: str | None) -> Document:
        """Let the tasks of a key be parked."""
        return dict(self._session.client.close_key(key, reason, tenant=tenant).document)

    def open_key(self, key: str, reason: str, head: str | None, tenant: str | None) -> Document:
        """Open a key, and skip this head if it has failed."""
        return dict(self._session.client.open_key(key, reason, head=head, tenant=tenant).document)

    def stats(self, *, ordering_key: str | None, batch_id: str | None, operator: bool) -> Document:
        """Counts of tasks."""
        found = self._session.client.stats(ordering_key=ordering_key, batch_id=batch_id, operator=operator)
        return dict(found.document)

    def document(self) -> Document:
        """The API's OpenAPI document."""
        return self._session.client.document()

    @contextlib.asynccontextmanager
    async def batches(self) -> AsyncGenerator[Send]:
        """Sends batches; what may pass is a `Retry`, and it is up to the caller how long it is tried."""
        from taskline.client import TasklineError

        async with self._session.new_async_client(timeout=LONGEST_WAIT, retries=0) as client:

            async def send(tasks: Sequence[Mapping[str, Any]], key: str) -> list[Answer]:
                try:
                    reply = await client.call("POST", "/tasks/batch", json={"tasks": [*tasks]}, idempotency_key=key)
                except TasklineError as error:
                    if error.retryable:
                        raise Retry(str(error), error.retry_after) from error
                    raise
                return [_answer(result) for result in reply["results"]]

            yield send

    @contextlib.asynccontextmanager
    async def submitter(self) -> AsyncGenerator[Callable[[Mapping[str, Any], str], Awaitable[Any]]]:
        """Submits single tasks, many at a time."""
        async with self._session.new_async_client() as client:

            async def submit(task: Mapping[str, Any], key: str) -> Any:
                return await client.submit(task, idempotency_key=key)

            yield submit


def _answer(result: Mapping[str, Any]) -> Answer:
    """What became of one task of a batch: its id, whether it was known already, and the problem if there is one."""
    problem = result.get("problem") or ({} if result["status"] < 300 else {"status": result["status"]})
    task: Mapping[str, Any] = result.get("task") or {}
    return task.get("task_id", ""), bool(result.get("replayed")), problem
