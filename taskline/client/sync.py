"""The client for programs without an event loop."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

import httpx

from taskline.client.basis.settings import Clock, Hook, Options, Timeouts
from taskline.client.bulk.submission import Submission
from taskline.client.driving.http import checked_url, client_settings
from taskline.client.driving.threads import ThreadDriver
from taskline.client.protocol import calls, flows
from taskline.client.protocol.retrying import Caller
from taskline.client.results.keys import Key, KeyPage
from taskline.client.results.redrive import RedriveReport
from taskline.client.results.service import Breaker, Health, Stats
from taskline.client.results.submission import Accepted, Outcome
from taskline.client.results.tasks import BroughtBack, ListedTask, NewTask, Sign, Task, TaskPage


class TaskIterator:
    """The tasks of a list, over all its pages; `pages()` has the pages themselves, with their cursors."""

    def __init__(self, pages: Callable[[], Iterator[TaskPage]]) -> None:
        self._pages = pages

    def __iter__(self) -> Iterator[ListedTask]:
        return (task for page in self._pages() for task in page.tasks)

    def pages(self) -> Iterator[TaskPage]:
        """Each page. One without tasks may still have a cursor, and others behind it."""
        return self._pages()


class Taskline:
    """A client of one stage: `with Taskline("http://127.0.0.1:4000/v1") as client: ...`. Threads can share it.

    `url` is the API's address with its stage. Clients send an `api_key`; `auth` is `IamAuth`, `BearerAuth` or any
    other of httpx. `timeout` is the time in seconds for all tries of a request, or `Timeouts`. `retries` is how often
    a request is sent again where that is safe. `hook` is called with each try and its end. `transport` and `clock` are
    for tests. Each method raises a `TasklineError` unless it succeeds.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        auth: httpx.Auth | None = None,
        timeout: float | Timeouts = Timeouts(),  # noqa: B008 it is frozen
        retries: int = 2,
        hook: Hook | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        address, clock = checked_url(url), clock or Clock()
        options = Options(timeouts=Timeouts.of(timeout), retries=retries, hook=hook)
        self._caller = Caller(url=address, options=options, clock=clock)
        http = httpx.Client(**client_settings(address, api_key, auth, transport))
        self._driver = ThreadDriver(http=http, clock=clock)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The API's address."""
        return self._caller.url

    def close(self) -> None:
        """Close the connections, also those of clients that `with_options` made of this one."""
        self._driver.http.close()

    def with_options(
        self, *, timeout: float | Timeouts | None = None, retries: int | None = None, hook: Hook | None = None
    ) -> Self:
        """The same client, over the same connections, with other settings; what is None stays."""
        copy = object.__new__(type(self))
        copy._caller = replace(self._caller, options=self._caller.options.changed(timeout, retries, hook))
        copy._driver = self._driver
        return copy

    # Submit

    def submit(self, task: NewTask | Mapping[str, Any], *, idempotency_key: str | None = None) -> Accepted:
        """Submit a task. It is made once, however often the request has to be sent.

        Without an `idempotency_key` it gets one of its own. With one, a program that is run again submits no task
        twice.
        """
        return self._driver.run(self._caller.perform(calls.submit_task(task, idempotency_key or uuid.uuid4().hex)))

    def submit_many(
        self,
        tasks: Iterable[NewTask | Mapping[str, Any]],
        *,
        idempotency_prefix: str | None = None,
        in_flight: int = 4,
        batch_id: str | None = None,
    ) -> Iterator[Outcome]:
        """Submit tasks in batches while they are iterated over; their outcomes, in the order of the input.

        Tasks of one ordering key keep their order: at most one batch with a key is under way. At most `in_flight`
        batches are, and at most 800 tasks are read ahead of the last outcome. A task that the API does not take is
        `Rejected`, and the others go on; without connection or permission, what is known so far is handed out, and
        then the error is raised. Submitting the same tasks again with the same `idempotency_prefix` submits none
        twice, and those that are missing. `batch_id` names them all for `stats(batch_id=...)`.
        """
        prefix = idempotency_prefix or uuid.uuid4().hex
        submission = Submission(caller=self._caller, in_flight=in_flight, prefix=prefix, batch_id=batch_id)
        return self._driver.stream(submission.run(), tasks, in_flight)

    # Read

    def get(self, task_id: str, *, operator: bool = False) -> Task:
        """A task as it is now. Operators see those of all clients."""
        return self._driver.run(self._caller.perform(calls.read_task(task_id, operator=operator)))

    def wait(
        self, task_id: str, *, timeout: float | None = None, raise_on_failure: bool = False, operator: bool = False
    ) -> Task:
        """The task once it has succeeded, failed or been cancelled. `WaitTimedOut` after `timeout` seconds.

        With `raise_on_failure`, `TaskFailed` unless it has succeeded.
        """
        flow = flows.wait(self._caller, task_id, timeout=timeout, raise_on_failure=raise_on_failure, operator=operator)
        return self._driver.run(flow)

    def list(
        self,
        *,
        status: str | None = None,
        ordering_key: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        tenant: str | None = None,
        operator: bool = False,
    ) -> TaskPage:
        """One page of tasks, newest first. Operators see those of all clients, or of one `tenant`."""
        filters = {
            "status": status, "ordering_key": ordering_key, "limit": limit, "cursor": cursor, "tenant": tenant
        }  # fmt: skip
        return self._driver.run(self._caller.perform(calls.list_tasks(filters, operator=operator)))

    def iter_tasks(
        self,
        *,
        status: str | None = None,
        ordering_key: str | None = None,
        page_size: int = 100,
        cursor: str | None = None,
        tenant: str | None = None,
        operator: bool = False,
    ) -> TaskIterator:
        """All tasks that match, newest first, fetched page by page; from `cursor` on if it is given."""
        filters = {
            "status": status, "ordering_key": ordering_key, "limit": page_size, "cursor": cursor, "tenant": tenant
        }  # fmt: skip
        return TaskIterator(lambda: self._driver.stream(flows.pages(self._caller, filters, operator=operator)))

    def stats(
        self,
        *,
        ordering_key: str | None = None,
        batch_id: str | None = None,
        tenant: str | None = None,
        operator: bool = False,
    ) -> Stats:
        """How many tasks are in which status, all or those of a key or a batch, and what happened lately."""
        filters = {"ordering_key": ordering_key, "batch_id": batch_id, "tenant": tenant}
        return self._driver.run(self._caller.perform(calls.stats(filters, operator=operator)))

    # Change

    def cancel(self, task_id: str, *, operator: bool = False) -> Task:
        """Cancel a task that is queued or parked. `Conflict` if it is processing or over.

        One that takes long is asked to stop while it is processed, and ended after the stage's `cancelGraceSeconds`.
        """
        return self._driver.run(self._caller.perform(calls.cancel_task(task_id, operator=operator)))

    def complete(self, task_id: str, token: str, result: Any = None) -> BroughtBack:
        """End a task as its worker, by its token. `Conflict` if nobody waits for that."""
        return self._driver.run(self._caller.perform(calls.complete_task(task_id, token, result)))

    def fail(
        self,
        task_id: str,
        token: str,
        message: str = "",
        *,
        error_class: str = "UNKNOWN",
        error_type: str = "WorkerFailed",
        retry_after: float | None = None,
        cancelled: bool = False,
    ) -> BroughtBack:
        """End a run as its worker: its type says whether there is another. `cancelled` if you stopped for that."""
        failure = {"token": token, "error_class": error_class, "type": error_type, "message": message}
        failure |= {"retry_after": retry_after, "cancelled": cancelled}
        return self._driver.run(self._caller.perform(calls.fail_task(task_id, failure)))

    def heartbeat(self, task_id: str, token: str, *, percent: int | None = None, text: str = "") -> Sign:
        """Say as its worker that you are still at it, and perhaps how far: `cancel_requested` tells you to stop."""
        return self._driver.run(self._caller.perform(calls.beat_task(task_id, token, percent, text)))

    def redrive(
        self,
        *,
        task_ids: Iterable[str] | None = None,
        error_class: str | None = None,
        task_type: str | None = None,
        ordering_key: str | None = None,
        failed_from: datetime | str | None = None,
        failed_until: datetime | str | None = None,
        dry_run: bool = True,
        drop_malformed: bool = False,
        page_size: int | None = None,
        continuation: str | None = None,
    ) -> RedriveReport:
        """Redrive all failed tasks that match, or those with these ids, in the original order of each key.

        A dry run, unless `dry_run=False`. It follows the continuation to the end; if it is interrupted, the error's
        `partial` is the report of what was done, whose `continuation` goes on.
        """
        redrive = flows.Redrive.of(
            task_ids=task_ids,
            error_class=error_class,
            type=task_type,
            ordering_key=ordering_key,
            failed_from=failed_from,
            failed_until=failed_until,
            dry_run=dry_run,
            drop_malformed=drop_malformed,
            limit=page_size,
            continuation=continuation,
        )
        return self._driver.run(flows.redrive_all(self._caller, redrive))

    def iter_redrive(
        self,
        *,
        task_ids: Iterable[str] | None = None,
        error_class: str | None = None,
        task_type: str | None = None,
        ordering_key: str | None = None,
        failed_from: datetime | str | None = None,
        failed_until: datetime | str | None = None,
        dry_run: bool = True,
        drop_malformed: bool = False,
        page_size: int | None = None,
        continuation: str | None = None,
    ) -> Iterator[RedriveReport]:
        """As `redrive`, but with the report of each request as soon as it is there: to show progress, and to stop."""
        redrive = flows.Redrive.of(
            task_ids=task_ids,
            error_class=error_class,
            type=task_type,
            ordering_key=ordering_key,
            failed_from=failed_from,
            failed_until=failed_until,
            dry_run=dry_run,
            drop_malformed=drop_malformed,
            limit=page_size,
            continuation=continuation,
        )
        return self._driver.stream(flows.redrive_step_by_step(self._caller, redrive))

    def redrive_task(self, task_id: str) -> RedriveReport:
        """Redrive one failed task. `Conflict` if it has not failed."""
        return self._driver.run(self._caller.perform(calls.redrive_task(task_id)))

    # The service

    def breaker(self) -> Breaker:
        """The circuit breaker and its pipe."""
        return self._driver.run(self._caller.perform(calls.read_breaker()))

    def open_breaker(self, reason: str) -> Breaker:
        """Stop processing until the breaker is closed again. It takes a minute or two to have effect."""
        return self._driver.run(self._caller.perform(calls.change_breaker("open", reason)))

    def close_breaker(self, reason: str) -> Breaker:
        """Let tasks be processed again."""
        return self._driver.run(self._caller.perform(calls.change_breaker("closed", reason)))

    def keys(self, *, limit: int | None = None, cursor: str | None = None) -> KeyPage:
        """One page of the closed keys of all clients, the longest closed first."""
        return self._driver.run(self._caller.perform(calls.list_keys(limit, cursor)))

    def iter_keys(self, *, page_size: int = 100) -> Iterator[Key]:
        """All closed keys of all clients, the longest closed first, fetched page by page."""
        return self._driver.stream(flows.closed_keys(self._caller, page_size))

    def key(self, key: str, *, tenant: str | None = None) -> Key:
        """Whether an ordering key is open, or why and since when it is closed."""
        return self._driver.run(self._caller.perform(calls.read_key(key, tenant)))

    def close_key(self, key: str, reason: str, *, tenant: str | None = None) -> Key:
        """Park the tasks of the key until it is opened. What is being processed goes on."""
        return self._driver.run(self._caller.perform(calls.change_key(key, tenant, "closed", reason)))

    def open_key(self, key: str, reason: str, *, head: str | None = None, tenant: str | None = None) -> Key:
        """End a closure, and skip the failed task that keeps the key closed, if one does; only `head`, if given."""
        return self._driver.run(self._caller.perform(calls.change_key(key, tenant, "open", reason, head)))

    def health(self) -> Health:
        """Whether the API responds."""
        return self._driver.run(self._caller.perform(calls.health()))

    def document(self) -> dict[str, Any]:
        """The API's OpenAPI document."""
        return self._driver.run(self._caller.perform(calls.read_openapi()))

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Any other request to the API; the document that it returns. A POST is only sent again if it has a key."""
        call = calls.any_call(method, path, params or {}, json, headers or {}, idempotency_key)
        return self._driver.run(self._caller.perform(call))
