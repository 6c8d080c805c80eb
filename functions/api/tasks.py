"""Tasks as the API shows them: a record as a document with links, and the responses to accepted requests."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from functions.api.headers import REPLAYED_HEADER
from functions.api.http import Request, Response, json_response
from functions.api.problems import Problem, rejected, unavailable
from functions.tasks import strict_json
from functions.tasks.errors import Rejected, Unavailable
from functions.tasks.intake.batch import BatchOutcome, NotAttempted, Outcome
from functions.tasks.intake.submission import Accepted
from functions.tasks.model import Status
from functions.tasks.record import Record
from functions.tasks.redaction import redact

_BY_OTHERS = (Status.QUEUED, Status.CANCELLED)


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
    fields = {
        **_submitted(record.body),
        "task_id": record.task_id,
        "ordering_key": record.ordering_key,
        "status": record.status,
        "attempts": record.attempts,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "error": _redacted(record.error) if record.error else None,
        "history": [_step(entry) for entry in executed(record.history)],
        "redrives": record.redrives or None,
        "batch_id": record.batch_id,
    }
    document = {name: value for name, value in fields.items() if value is not None}
    if record.result is not None:
        document["result"] = json.loads(record.result)
    return document


def accepted_response(accepted: Accepted, stage: str) -> Response:
    """202 with the task as accepted, and where to read it."""
    replayed = {REPLAYED_HEADER: "true"} if accepted.replayed else {}
    headers = {"Location": _path(accepted.record, stage), **replayed}
    return json_response(202, task_document(accepted.record, stage), headers)


def batch_response(batch: BatchOutcome, request: Request) -> Response:
    """207 with one result per task. It is a replay if it created no task and none has to be tried again."""
    outcomes = batch.outcomes
    replays = [one.replayed for one in outcomes if isinstance(one, Accepted)]
    failed = any(isinstance(one, Unavailable) for one in outcomes)
    headers: dict[str, str] = {}
    if replays and all(replays) and not failed:
        headers[REPLAYED_HEADER] = "true"
    if failed:
        headers |= unavailable().headers
    results = [_result(request, position, outcome) for position, outcome in enumerate(outcomes)]
    return json_response(207, {"batch_id": batch.batch_id, "results": results}, headers)


def _result(request: Request, position: int, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        task = task_document(outcome.record, request.stage)
        task.pop("result", None)  # 25 of them could exceed Lambda's response limit
        location = {"location": _path(outcome.record, request.stage)}
        return {"status": 202, **location, **({"replayed": True} if outcome.replayed else {}), "task": task}
    problem = _problem(outcome)
    document = problem.document(f"/{request.stage}{request.resource}#/tasks/{position}")
    return {"status": problem.status, "problem": document}


def _problem(outcome: Rejected | Unavailable) -> Problem:
    if isinstance(outcome, Rejected):
        return rejected(outcome)
    return unavailable(outcome if isinstance(outcome, NotAttempted) else None)


def _path(record: Record, stage: str) -> str:
    return f"/{stage}/tasks/{quote(record.task_id, safe='')}"


def _links(record: Record, tasks: str, stage: str) -> dict[str, str]:
    itself = f"{tasks}/{quote(record.task_id, safe='')}"
    links = {"self": itself, "same_key": f"{tasks}?ordering_key={quote(record.ordering_key, safe='')}"}
    if record.status is Status.QUEUED:
        links["cancel"] = itself
    if record.status is Status.FAILED:
        links["redrive"] = f"{_path(record, stage)}/redrive"
    return links


def executed(history: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The steps of a history, each with the execution that made it.

    Only the step of a claim names it in the record, which would be larger otherwise. What follows is by the same
    execution, because only the one that holds the lease can write: failed runs and the outcome. Steps of others
    (accepted, redriven, cancelled) have none, nor have those of claims from before executions were named.
    """
    current: dict[str, str] = {}
    for entry in history:
        if "execution" in entry:
            current = {"execution": entry["execution"]}
        elif entry["status"] in _BY_OTHERS or ("attempt" not in entry and entry["status"] == Status.PROCESSING):
            current = {}
        yield {**entry, **current}


def _step(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**entry, "error": _redacted(entry["error"])} if "error" in entry else entry


def _redacted(error: Mapping[str, str]) -> dict[str, str]:
    """Messages that Lambda or another producer's tools wrote have not been redacted yet."""
    return {name: redact(text) for name, text in error.items()}


def _submitted(body: str) -> dict[str, Any]:
    """What was submitted. A message that bypassed the validator may be anything with a task id in it."""
    try:
        submitted = strict_json.loads(body, exact=True)
    except ValueError:
        return {}
    return submitted if isinstance(submitted, dict) else {}  # pyright: ignore[reportUnknownVariableType]
