"""Each operation of the API as a `Call`. The API's OpenAPI document describes them; a test compares both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import quote

from taskline.client.basis.errors import ValidationFailed
from taskline.client.protocol.failures import RETRIED
from taskline.client.protocol.messages import KEY_HEADER, REPLAYED_HEADER, Call, Reply
from taskline.client.results.base import NotAsDescribed, Result
from taskline.client.results.keys import Key, KeyPage
from taskline.client.results.redrive import RedriveReport
from taskline.client.results.service import Breaker, Health, Stats
from taskline.client.results.submission import Accepted, BatchReply
from taskline.client.results.tasks import BroughtBack, NewTask, Sign, Task, TaskPage

R = TypeVar("R", bound=Result)
Document = dict[str, Any]
_KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
_UNRESERVED = "-_.~"  # and letters and digits: what a signature leaves as it is


def submit_task(task: NewTask | Mapping[str, Any], key: str) -> Call[Accepted]:
    """POST /tasks. `ValidationFailed` if the task is no JSON, or the key none."""

    def read(reply: Reply) -> Accepted:
        replayed = REPLAYED_HEADER in reply.headers
        return Accepted(task=Task.read(reply.json()), replayed=replayed, idempotency_key=checked_key(key))

    return Call(
        method="POST", path="/tasks", read=read, body=encoded(as_document(task)), idempotency_key=checked_key(key)
    )


def submit_tasks(body: bytes, key: str) -> Call[BatchReply]:
    """POST /tasks/batch: sent again while one of its tasks could not be queued."""
    return Call(
        method="POST",
        path="/tasks/batch",
        read=_reads(BatchReply),
        body=body,
        idempotency_key=key,
        is_incomplete=lambda reply: any(one.status in RETRIED for one in reply.results),
    )


def read_task(task_id: str, *, operator: bool) -> Call[Task]:
    """GET /tasks/{task_id}, or the operators' path."""
    return Call(method="GET", path=_task_path(task_id, operator), read=_reads(Task))


def cancel_task(task_id: str, *, operator: bool) -> Call[Task]:
    """DELETE /tasks/{task_id}, or the operators' path: what is cancelled stays so, and can be cancelled again."""
    return Call(method="DELETE", path=_task_path(task_id, operator), read=_reads(Task))


def list_tasks(filters: Mapping[str, Any], *, operator: bool) -> Call[TaskPage]:
    """GET /tasks, or the operators' path, where a `tenant` can be named."""
    path = "/operations/tasks" if operator or filters.get("tenant") is not None else "/tasks"
    return Call(method="GET", path=path, query=encoded_query(filters), read=_reads(TaskPage))


def stats(filters: Mapping[str, Any], *, operator: bool) -> Call[Stats]:
    """GET /stats, or the operators' path, where a `tenant` can be named."""
    path = "/operations/stats" if operator or filters.get("tenant") is not None else "/stats"
    return Call(method="GET", path=path, query=encoded_query(filters), read=_reads(Stats))


def redrive_task(task_id: str) -> Call[RedriveReport]:
    """POST /tasks/{task_id}/redrive. Sent twice it could run the task twice, if it fails in between."""
    return Call(method="POST", path=f"{_task_path(task_id, False)}/redrive", read=_reads(RedriveReport))


def complete_task(task_id: str, token: str, result: Any) -> Call[BroughtBack]:
    """POST /tasks/{task_id}/complete. Sent twice, the second says that nobody waits any more."""
    return _bring_back(task_id, "complete", {"token": token, "result": result})


def fail_task(task_id: str, failure: Mapping[str, Any]) -> Call[BroughtBack]:
    """POST /tasks/{task_id}/fail."""
    return _bring_back(task_id, "fail", without_nones(failure))


def beat_task(task_id: str, token: str, percent: int | None, text: str) -> Call[Sign]:
    """POST /tasks/{task_id}/heartbeat: a sign that is given twice is one."""
    progress = {} if percent is None else {"progress": {"percent": percent, "text": text}}
    path = f"{_task_path(task_id, False)}/heartbeat"
    return Call(method="POST", path=path, read=_reads(Sign), body=encoded({"token": token, **progress}))


def _bring_back(task_id: str, action: str, body: Mapping[str, Any]) -> Call[BroughtBack]:
    path = f"{_task_path(task_id, False)}/{action}"
    return Call(method="POST", path=path, read=_reads(BroughtBack), body=encoded(body))


def redrive_tasks(request: Mapping[str, Any]) -> Call[RedriveReport]:
    """POST /redrive. Sent twice it could redrive again what fails in between, and its first report would be lost."""
    return Call(method="POST", path="/redrive", read=_reads(RedriveReport), body=encoded(without_nones(request)))


def health() -> Call[Health]:
    """GET /health."""
    return Call(method="GET", path="/health", read=_reads(Health))


def read_breaker() -> Call[Breaker]:
    """GET /breaker."""
    return Call(method="GET", path="/breaker", read=_reads(Breaker))


def change_breaker(state: str, reason: str) -> Call[Breaker]:
    """PUT /breaker: it is in that state afterwards, however often this is sent."""
    body = encoded({"state": state, "reason": reason})
    return Call(method="PUT", path="/breaker", read=_reads(Breaker), body=body)


def list_keys(limit: int | None, cursor: str | None) -> Call[KeyPage]:
    """GET /keys."""
    return Call(
        method="GET", path="/keys", query=encoded_query({"limit": limit, "cursor": cursor}), read=_reads(KeyPage)
    )


def read_key(key: str, tenant: str | None) -> Call[Key]:
    """GET /keys/{key}."""
    return Call(method="GET", path=_key_path(key), query=encoded_query({"tenant": tenant}), read=_reads(Key))


def change_key(key: str, tenant: str | None, state: str, reason: str, head: str | None = None) -> Call[Key]:
    """PUT /keys/{key}. Sent twice, opening could skip a second task, unless it names the `head` that it may skip."""
    body = encoded(without_nones({"state": state, "reason": reason, "head": head}))
    query = encoded_query({"tenant": tenant})
    return Call(
        method="PUT",
        path=_key_path(key),
        query=query,
        read=_reads(Key),
        body=body,
        has_more_effect=state == "open" and head is None,
    )


def read_openapi() -> Call[Document]:
    """GET /openapi.json."""
    return Call(method="GET", path="/openapi.json", read=_document)


def any_call(
    method: str, path: str, query: Mapping[str, Any], body: Any, headers: Mapping[str, str], key: str | None
) -> Call[Document]:
    """A request that none of the others is; what it returns is not looked at."""
    if not path.startswith("/"):
        raise ValidationFailed(f"The path {path!r} must begin with /: it is the part after the API's address.")
    others = {name: value for name, value in headers.items() if name.lower() != KEY_HEADER.lower()}
    if key is None:
        key = next((value for name, value in headers.items() if name not in others), None)
    return Call(
        method=method.upper(),
        path=quote(path, safe=f"/%:@!$&'()*+,;={_UNRESERVED}"),
        read=_document,
        query=encoded_query(query),
        body=None if body is None else encoded(body),
        idempotency_key=None if key is None else checked_key(key),
        headers=others,
    )


def as_document(task: NewTask | Mapping[str, Any]) -> Mapping[str, Any]:
    """A task as it is sent."""
    return task.as_document() if isinstance(task, NewTask) else task


def encoded(document: Mapping[str, Any]) -> bytes:
    """As compact JSON. `ValidationFailed` for what JSON cannot say: NaN, dates, sets."""
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationFailed(f"This cannot be sent as JSON: {error}") from error


def encoded_query(filters: Mapping[str, Any]) -> str:
    """As a query, encoded as signatures want it; what is None is left out."""
    given = without_nones(filters)
    return "&".join(f"{quote(name, _UNRESERVED)}={quote(str(given[name]), _UNRESERVED)}" for name in sorted(given))


def without_nones(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are given."""
    return {name: value for name, value in values.items() if value is not None}


def checked_key(key: str) -> str:
    """The idempotency key. `ValidationFailed` if the API would not take it."""
    if not _KEY.fullmatch(key):
        raise ValidationFailed(f"The idempotency key {key[:300]!r} must be 1 to 255 printable ASCII characters.")
    return key


def _task_path(task_id: str, operator: bool) -> str:
    # Dots alone would be steps of the path, and lead elsewhere.
    if not task_id.strip("."):
        raise ValidationFailed(f"{task_id!r} is not the id of a task.")
    return f"{'/operations' if operator else ''}/tasks/{quote(task_id, _UNRESERVED)}"


def _key_path(key: str) -> str:
    # As with tasks: a key of dots alone is one that cannot be in a path.
    if not key.strip("."):
        raise ValidationFailed(f"The key {key!r} cannot stand in an address.")
    return f"/keys/{quote(key, _UNRESERVED)}"


def _reads(kind: type[R]) -> Callable[[Reply], R]:
    return lambda reply: kind.read(reply.json())


def _document(reply: Reply) -> Document:
    found = reply.json()
    if not isinstance(found, dict):
        raise NotAsDescribed(f"it is {type(found).__name__}, not an object")
    return cast("Document", found)
