"""Tasks as the API shows them: a record as a document with links, and the responses to accepted requests."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from functions.api.headers import REPLAYED_HEADER
from functions.api.http import Response, json_response
from functions.tasks import strict_json
from functions.tasks.intake.submission import Accepted
from functions.tasks.model import Status
from functions.tasks.record import Record

_BY_OTHERS = (Status.QUEUED, Status.PARKED, Status.CANCELLED)


def task_document(record: Record, stage: str) -> dict[str, Any]:
    """The record as a client reads it (`TaskView` describes it), with paths that begin with the stage.

    Fields that have no value yet are omitted.
    """
    return _fields(record) | {"links": _links(record, f"/{stage}/tasks", stage)}


def operator_document(record: Record, stage: str) -> dict[str, Any]:
    """The record as operators read it: also whose it is, with links to what operators may do."""
    tenant = {} if record.tenant is None else {"tenant": record.tenant}
    return _fields(record) | tenant | {"links": _links(record, f"/{stage}/operations/tasks", stage)}


def _fields(record: Record) -> dict[str, Any]:
    named = {"task_id": record.task_id, "ordering_key": record.ordering_key, "created_at": record.created_at}
    fields = _known(_submitted(record.body) | named | _state(record))
    if record.result is not None:
        fields["result"] = json.loads(record.result)
    return fields


def _state(record: Record) -> dict[str, Any]:
    """What became of the task until now; None for what did not happen."""
    return {
        "status": record.status,
        "attempts": record.attempts,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "error": _redacted(record.error) if record.error else None,
        "history": [_step(entry) for entry in executed(record.history)],
        "redrives": record.redrives or None,
        "batch_id": record.batch_id,
        "progress": record.progress,
        "cancel_requested_at": record.cancel_requested_at,
    }


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def accepted_response(accepted: Accepted, stage: str) -> Response:
    """202 with the task as accepted, and where to read it."""
    record = accepted.record
    if accepted.replayed:
        document = task_document(record, stage)
        return json_response(202, document, {"Location": document["links"]["self"], REPLAYED_HEADER: "true"})
    links = _links(record, f"/{stage}/tasks", stage)
    return json_response(202, _new_document(record, links), {"Location": links["self"]})


def _new_document(record: Record, links: Mapping[str, str]) -> str:
    """What `task_document` shows of a task that was just recorded, as text: the message is the beginning of it."""
    state = {"status": record.status, "attempts": record.attempts, "history": record.history, "links": links}
    return f"{record.body[:-1]},{strict_json.compact(state)[1:]}"


def task_path(record: Record, stage: str) -> str:
    """Where a client reads the task."""
    return f"/{stage}/tasks/{quote(record.task_id, safe='')}"


def _links(record: Record, tasks: str, stage: str) -> dict[str, str]:
    itself = f"{tasks}/{quote(record.task_id, safe='')}"
    links = {"self": itself, "same_key": f"{tasks}?ordering_key={quote(record.ordering_key, safe='')}"}
    if record.status in (Status.QUEUED, Status.PARKED):
        links["cancel"] = itself
    if record.status is Status.FAILED:
        links["redrive"] = f"{task_path(record, stage)}/redrive"
    return links


def executed(history: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The steps of a history, each with the execution that made it.

    Only the step of a claim names it in the record, which would be larger otherwise. What follows is by the same
    execution, because only the one that holds the lease can write: failed runs and the outcome. Steps of others
    (accepted, redriven, cancelled, skipped) have none, nor have those of claims from before executions were named.
    """
    current: dict[str, str] = {}
    for entry in history:
        if "execution" in entry:
            current = {"execution": entry["execution"]}
        elif _is_by_others(entry):
            current = {}
        yield {**entry, **current}


def _is_by_others(entry: Mapping[str, Any]) -> bool:
    if entry["status"] in _BY_OTHERS or "skipped_by" in entry:
        return True
    return "attempt" not in entry and entry["status"] == Status.PROCESSING


def _step(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**entry, "error": _redacted(entry["error"])} if "error" in entry else entry


def _redacted(error: Mapping[str, str]) -> dict[str, str]:
    """Messages that Lambda or another producer's tools wrote have not been redacted yet."""
    # Compiling its patterns would be a part of each cold start, and few tasks have an error.
    from functions.tasks.redaction import redact

    return {name: redact(text) for name, text in error.items()}


def _submitted(body: str) -> dict[str, Any]:
    """What was submitted. A message that bypassed the validator may be anything with a task id in it."""
    try:
        submitted = strict_json.loads(body, exact=True)
    except ValueError:
        return {}
    return submitted if isinstance(submitted, dict) else {}  # pyright: ignore[reportUnknownVariableType]
