"""The stage's API through the client, as documents: templates show them as the API sent them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final, TypeVar, cast

import httpx

from taskline.client import Taskline, TasklineError, Timeouts
from taskline.console.basis.stage import Stage

T = TypeVar("T")
Document = dict[str, Any]
TIMEOUTS: Final = Timeouts(connect=3.0, read=25.0, total=30.0)
NO_COUNTS: Final = (403, 404, 405)


class Problem(Exception):
    """The API refused, or did not answer (`status` 0). `errors` are (field, message)."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        errors: list[tuple[str, str]] | None = None,
        request: str = "",
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors or []
        self.request_id = request


class StageApi:
    """Calls of the API, for any thread. Each raises `Problem` unless it succeeds.

    On the laptop all clients are one. Elsewhere the console is an operator's: it shows the tasks of all clients.
    """

    def __init__(self, stage: Stage, transport: httpx.BaseTransport | None = None) -> None:
        # What is read is read again in a moment; what changes something is worth another try.
        self._client = Taskline(
            stage.url, api_key=stage.api_key, auth=stage.auth, timeout=TIMEOUTS, retries=0, transport=transport
        )
        self._changing = self._client.with_options(retries=2)
        self._operator = not stage.is_laptop

    def task(self, task_id: str) -> Document:
        """A task."""
        return _document(lambda: self._client.get(task_id, operator=self._operator).document)

    def tasks(self, *, status: str = "", ordering_key: str = "", limit: int = 20, cursor: str = "") -> Document:
        """A page of tasks, with a `cursor` if there are more."""
        return _document(
            lambda: (
                self._client.list(
                    status=status or None,
                    ordering_key=ordering_key or None,
                    limit=limit,
                    cursor=cursor or None,
                    operator=self._operator,
                ).document
            )
        )

    def submit(self, task: Mapping[str, Any], idempotency_key: str) -> Document:
        """Submit a task."""
        return _document(lambda: self._changing.submit(task, idempotency_key=idempotency_key).task.document)

    def submit_many(self, tasks: list[Document], prefix: str) -> list[bool]:
        """Submit tasks; whether each was accepted."""
        return _called(lambda: [one.accepted for one in self._changing.submit_many(tasks, idempotency_prefix=prefix)])

    def cancel(self, task_id: str) -> Document:
        """Cancel a task that is queued."""
        return _document(lambda: self._changing.cancel(task_id, operator=self._operator).document)

    def redrive_task(self, task_id: str) -> Document:
        """Redrive a failed task."""
        return _document(lambda: self._changing.redrive_task(task_id).document)

    def redrive(
        self, *, dry_run: bool, limit: int, continuation: str = "", type: str = "", **filters: str  # noqa: A002
    ) -> Document:  # fmt: skip
        """One page of what matches: redriven, or (a dry run) listed; with a `continuation` if there is more."""
        given = {name: value for name, value in filters.items() if value}

        def first_page() -> Mapping[str, Any]:
            pages = self._changing.iter_redrive(
                **cast("dict[str, Any]", given),
                task_type=type or None,
                dry_run=dry_run,
                page_size=limit,
                continuation=continuation or None,
            )
            with closing(cast("Any", pages)):
                return next(iter(pages)).document

        return _document(first_page)

    def breaker(self) -> Document:
        """The circuit breaker and its pipe."""
        return _document(lambda: self._client.breaker().document)

    def set_breaker(self, state: str, reason: str) -> Document:
        """Open or close the circuit breaker."""
        change = self._changing.open_breaker if state == "open" else self._changing.close_breaker
        return _document(lambda: change(reason).document)

    def keys(self) -> list[Document]:
        """The closed keys of all clients, the longest closed first; at most a hundred."""
        return [dict(key.document) for key in _called(lambda: self._client.keys(limit=100)).keys]

    def key(self, key: str, tenant: str) -> Document:
        """An ordering key: open, or closed and why."""
        return _document(lambda: self._client.key(key, tenant=tenant or None).document)

    def close_key(self, key: str, tenant: str, reason: str) -> Document:
        """Let the tasks of a key be parked."""
        return _document(lambda: self._changing.close_key(key, reason, tenant=tenant or None).document)

    def open_key(self, key: str, tenant: str, reason: str, head: str) -> Document:
        """Open a key, and skip this head if it has failed."""
        return _document(
            lambda: self._changing.open_key(key, reason, head=head or None, tenant=tenant or None).document
        )

    def stats(self, ordering_key: str = "") -> Document | None:
        """Counts of tasks, None if the API does not count."""
        try:
            return _document(
                lambda: self._client.stats(ordering_key=ordering_key or None, operator=self._operator).document
            )
        except Problem as problem:
            if problem.status in NO_COUNTS:
                return None
            raise

    def health(self) -> Document:
        """Whether the API responds."""
        return _document(lambda: self._client.health().document)

    def openapi(self) -> Document:
        """The API's document."""
        return _document(self._client.document)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _document(call: Callable[[], Mapping[str, Any]]) -> Document:
    return dict(_called(call))


def _called(call: Callable[[], T]) -> T:
    try:
        return call()
    except TasklineError as error:
        raise _problem(error) from error


def _problem(error: TasklineError) -> Problem:
    document = error.problem or {}
    if error.status is None:
        return Problem(0, "The API does not respond", str(error))
    return Problem(
        error.status,
        str(document.get("title") or "The API refused"),
        str(document.get("detail") or document.get("message") or error),
        errors=[(one.field, one.message) for one in error.errors],
        request=error.request_id or "",
    )
