"""The OpenAPI document, generated from the models that validate.

It defines the API: clients read it, and the gateway imports it (`infrastructure/api/rest_api.py` adds the function
behind each operation).
"""

from collections.abc import Callable, Mapping
from typing import Any

from functions.api.access import Access
from functions.api.document import examples
from functions.api.document.completion import complete
from functions.api.document.schemas import query_parameters, reference, schemas
from functions.api.headers import HTML, JSON, KEY_HEADER, PROBLEM_JSON, REPLAYED_HEADER
from functions.api.idempotency import KEY_PATTERN, MAX_KEY_CHARACTERS
from functions.api.problems import Problem
from functions.api.routes import ROUTES
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.model import MAX_ID_CHARACTERS, ORDERING_KEY_PATTERN
from functions.tasks.registry import Registry

Document = dict[str, Any]
_RETRY_AFTER: Document = {"description": "Seconds to wait before trying again.", "schema": {"type": "string"}}


def openapi_document(
    access: Access | None = None,
    types: Registry | None = None,
    ordering: DefaultOrdering = DefaultOrdering.ONE_KEY,
) -> Document:
    """The document in OpenAPI 3.0.1, the version that API Gateway imports, for a stage that requires `access`.

    With `types` it has the `data` of each of them. `ordering` says what a task without an `ordering_key` means.
    """
    document: Document = {
        "openapi": "3.0.1",
        "info": {
            "title": "Taskline",
            "version": "1",
            "description": "Accepts tasks, keeps them in order and processes each at least once.",
        },
        "paths": _paths(),
        "components": {"schemas": schemas(types or Registry(), ordering)},
    }
    return complete(document, access or Access())


def _paths() -> Document:
    """Each route with its operation from `_OPERATIONS`."""
    paths: Document = {}
    for route in ROUTES:
        operation = {"operationId": route.operation, "tags": [route.tag], **_OPERATIONS[route.operation]()}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return paths


def _submit_task() -> Document:
    return {
        "summary": "Submit a task",
        "parameters": [_idempotency_key()],
        "requestBody": {"required": True, "content": _json("NewTask", examples.NEW_TASK)},
        "responses": {
            "202": {
                "description": "Accepted and queued.",
                "headers": {
                    "Location": {"description": "Where to read the task.", "schema": {"type": "string"}},
                    REPLAYED_HEADER: _replayed(),
                },
                "content": _json("TaskView", examples.QUEUED_TASK),
            },
            "400": _problem(
                "Not JSON, or a field or the idempotency key is wrong; `errors` names each one.", examples.INVALID_TASK
            ),
            "413": _problem("The task is too large.", examples.TOO_LARGE),
            "415": _problem("The body's media type is not JSON."),
            "422": _problem("The idempotency key was used for a different request.", examples.REUSED_KEY),
            "503": _unavailable(),
        },
    }


def _submit_tasks() -> Document:
    return {
        "summary": "Submit several tasks, each accepted or rejected on its own",
        "parameters": [_idempotency_key()],
        "requestBody": {"required": True, "content": _json("Batch", examples.BATCH)},
        "responses": {
            "207": {
                "description": "The outcome of each task. `Retry-After` is sent when a task can be tried again.",
                "headers": {REPLAYED_HEADER: _replayed(), "Retry-After": _RETRY_AFTER},
                "content": _json("BatchResponse", examples.BATCH_RESPONSE),
            },
            "400": _problem(
                "Not a batch: not JSON, no tasks or too many, or a wrong idempotency key.", examples.INVALID_BATCH
            ),
            "413": _problem("The batch is too large.", examples.BATCH_TOO_LARGE),
            "415": _problem("The body's media type is not JSON."),
            "422": _problem("The idempotency key was used for a different request.", examples.REUSED_KEY),
            "503": _unavailable(),
        },
    }


def _idempotency_key() -> Document:
    return {
        "name": KEY_HEADER,
        "in": "header",
        "required": False,
        "description": "A request that is repeated with the same key takes effect once. Printable ASCII characters.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS, "pattern": KEY_PATTERN},
    }


def _replayed() -> Document:
    return {
        "description": "Sent when an earlier request with this key had already submitted everything.",
        "schema": {"type": "string", "enum": ["true"]},
    }


def _task_id() -> Document:
    return {
        "name": "task_id",
        "in": "path",
        "required": True,
        "description": "The task's id.",
        "schema": {"type": "string", "maxLength": MAX_ID_CHARACTERS},
    }


def _read_task(summary: str = "Read a task and its outcome", example: Document = examples.SUCCEEDED_TASK) -> Document:
    return {
        "summary": summary,
        "parameters": [_task_id()],
        "responses": {
            "200": {"description": "The task.", "content": _json("TaskView", example)},
            "404": _problem("There is no such task."),
            "503": _unavailable(),
        },
    }


def _read_any_task() -> Document:
    return _read_task("Read any client's task and its outcome", examples.ANY_TASK)


def _list_tasks() -> Document:
    return _list("List tasks, newest first", "ListRequest", examples.TASKS)


def _list_all_tasks() -> Document:
    return _list("List all clients' tasks, client by client, newest first", "OperatorListRequest", examples.ALL_TASKS)


def _list(summary: str, query: str, example: Document) -> Document:
    return {
        "summary": summary,
        "parameters": query_parameters(query),
        "responses": {
            "200": {"description": "A page of tasks.", "content": _json("TaskList", example)},
            "400": _problem(
                "A parameter is wrong, unknown or given twice; `errors` names each one.", examples.INVALID_QUERY
            ),
            "503": _unavailable(),
        },
    }


def _stats() -> Document:
    return _counts("Count tasks by status and type, and what happened lately", "StatsRequest")


def _all_stats() -> Document:
    return _counts("Count all clients' tasks by status and type, and what happened lately", "OperatorStatsRequest")


def _counts(summary: str, query: str) -> Document:
    return {
        "summary": summary,
        "parameters": query_parameters(query),
        "responses": {
            "200": {"description": "The counts.", "content": _json("Stats", examples.STATS)},
            "400": _problem(
                "A parameter is wrong, unknown or given twice; `errors` names each one.", examples.INVALID_STATS_QUERY
            ),
            "503": _unavailable(),
        },
    }


def _cancel_task(
    summary: str = "Cancel a task that is still queued", example: Document = examples.CANCELLED_TASK
) -> Document:
    return {
        "summary": summary,
        "parameters": [_task_id()],
        "responses": {
            "200": {"description": "Cancelled, now or earlier.", "content": _json("TaskView", example)},
            "202": {
                "description": "It takes long and is being processed: it was asked to stop, and ends as cancelled "
                "within a minute or two, unless it ends by itself before.",
                "content": _json("TaskView", {**example, "status": "processing"}),
            },
            "404": _problem("There is no such task."),
            "409": _problem("The task is no longer queued; `detail` says why.", examples.NOT_QUEUED),
            "503": _unavailable(),
        },
    }


def _cancel_any_task() -> Document:
    return _cancel_task("Cancel any client's task that is still queued", examples.ANY_CANCELLED_TASK)


def _complete_task() -> Document:
    return _bring_back("End a task with a token: its worker is done", "Completion", examples.COMPLETION)


def _fail_task() -> Document:
    return _bring_back(
        "End a run of a task with a token: it has failed, and its type says whether there is another",
        "WorkerFailure",
        examples.WORKER_FAILURE,
    )


def _bring_back(summary: str, model: str, example: Document) -> Document:
    return _by_worker(
        summary,
        (model, example),
        {"202": {"description": "Brought back.", "content": _json("WorkerReply", examples.WORKER_REPLY)}},
    )


def _beat_task() -> Document:
    return _by_worker(
        "Say that the worker of a task is still at it",
        ("Heartbeat", examples.HEARTBEAT),
        {"200": {"description": "Noted.", "content": _json("HeartbeatReply", examples.HEARTBEAT_REPLY)}},
    )


def _by_worker(summary: str, request: tuple[str, Document], response: Document) -> Document:
    return {
        "summary": summary,
        "parameters": [_task_id()],
        "requestBody": {"required": True, "content": _json(*request)},
        "responses": {
            **response,
            "400": _problem(
                "Not JSON, or a field is wrong; `errors` names each one.", examples.INVALID_WORKER_REQUEST
            ),
            "404": _problem("There is no such task."),
            "409": _problem("Nobody waits for the token, or it is another task's.", examples.EXPIRED),
            "415": _problem("The body's media type is not JSON."),
            "503": _unavailable(),
        },
    }


def _redrive_task() -> Document:
    return {
        "summary": "Redrive a failed task",
        "parameters": [_task_id()],
        "responses": {
            "202": {"description": "Redriven.", "content": _json("RedriveReport", examples.REDRIVEN)},
            "404": _problem("There is no such task."),
            "409": _problem("The task cannot be redriven; `detail` says why.", examples.NOT_FAILED),
            "503": _unavailable(),
        },
    }


def _redrive_tasks() -> Document:
    dry_run = {**examples.REDRIVEN, "dry_run": True, "dead_letters_removed": 0}
    return {
        "summary": "Redrive all failed tasks that match, in the original order of each key",
        "requestBody": {"required": False, "content": _json("RedriveRequest", examples.REDRIVE)},
        "responses": {
            "200": {"description": "A dry run: what would be redriven.", "content": _json("RedriveReport", dry_run)},
            "202": {"description": "What was redriven.", "content": _json("RedriveReport", examples.REDRIVEN)},
            "400": _problem("Not JSON, or a field is wrong; `errors` names each one.", examples.INVALID_REDRIVE),
            "415": _problem("The body's media type is not JSON."),
            "503": _unavailable(),
        },
    }


def _health() -> Document:
    properties = {"status": {"type": "string", "enum": ["healthy", "degraded"]}, "timestamp": {"type": "string"}}
    schema = {"type": "object", "required": sorted(properties), "properties": properties}
    return {
        "summary": "Check that the API responds",
        "responses": {
            "200": {
                "description": "The API responds.",
                "content": {JSON: {"schema": schema, "example": examples.HEALTH}},
            }
        },
    }


def _read_openapi() -> Document:
    schema = {"type": "object", "description": "An OpenAPI document.", "additionalProperties": True}
    return {
        "summary": "This document",
        "responses": {"200": {"description": "The document.", "content": {JSON: {"schema": schema}}}},
    }


def _read_docs() -> Document:
    return {
        "summary": "This document as a web page",
        "responses": {"200": {"description": "The page.", "content": {HTML: {"schema": {"type": "string"}}}}},
    }


def _read_breaker() -> Document:
    return {
        "summary": "Read the circuit breaker, and the pipe that it stops and starts",
        "responses": {
            "200": {"description": "The breaker.", "content": _json("BreakerView", examples.BREAKER)},
            "503": _unavailable(),
        },
    }


def _change_breaker() -> Document:
    return {
        "summary": "Open or close the circuit breaker",
        "requestBody": {"required": True, "content": _json("BreakerChange", examples.BREAKER_CHANGE)},
        "responses": {
            "200": {
                "description": "The breaker as it is now; the pipe may take a minute or two to follow.",
                "content": _json("BreakerView", examples.BREAKER),
            },
            "400": _problem("Not JSON, or a field is wrong; `errors` names each one.", examples.INVALID_CHANGE),
            "415": _problem("The body's media type is not JSON."),
            "503": _unavailable(),
        },
    }


def _list_keys() -> Document:
    return {
        "summary": "List closed keys of all clients, the longest closed first",
        "parameters": query_parameters("KeyListQuery"),
        "responses": {
            "200": {"description": "A page of closed keys.", "content": _json("KeyList", examples.CLOSED_KEYS)},
            "400": _problem(
                "A parameter is wrong, unknown or given twice; `errors` names each one.", examples.INVALID_KEY_QUERY
            ),
            "503": _unavailable(),
        },
    }


def _read_key() -> Document:
    return {
        "summary": "Read whether a key is open, or why it is closed",
        "parameters": [_key(), *query_parameters("KeyQuery")],
        "responses": {
            "200": {"description": "The key. One without tasks is open.", "content": _json("KeyView", examples.KEY)},
            "400": _problem("The key or a parameter is wrong; `errors` names each one.", examples.INVALID_KEY_QUERY),
            "503": _unavailable(),
        },
    }


def _change_key() -> Document:
    return {
        "summary": "Close a key, or open it and skip the failed task that keeps it closed",
        "parameters": [_key(), *query_parameters("KeyQuery")],
        "requestBody": {"required": True, "content": _json("KeyChange", examples.KEY_CHANGE)},
        "responses": {
            "200": {
                "description": "The key as it is now; one that was opened stays closed while parked tasks run.",
                "content": _json("KeyView", examples.HELD_KEY),
            },
            "400": _problem(
                "Not JSON, or the key, a parameter or a field is wrong; `errors` names each one.",
                examples.INVALID_KEY_CHANGE,
            ),
            "415": _problem("The body's media type is not JSON."),
            "503": _unavailable(),
        },
    }


def _key() -> Document:
    return {
        "name": "key",
        "in": "path",
        "required": True,
        "description": "The ordering key, percent-encoded: `a/b` is `a%2Fb`.",
        "schema": {"type": "string", "pattern": ORDERING_KEY_PATTERN},
    }


def _json(model: str, example: Document) -> Document:
    return {JSON: {"schema": reference(model), "example": example}}


def _problem(description: str, example: Problem | None = None) -> Document:
    """An error; without an example it gets the one for its status."""
    content: Document = {"schema": reference("Problem")}
    if example:
        content["example"] = example.document(examples.INSTANCE)
    return {"description": description, "content": {PROBLEM_JSON: content}}


def _unavailable() -> Document:
    return {
        **_problem("The task store or the queue did not respond; it is safe to try again."),
        "headers": {"Retry-After": _RETRY_AFTER},
    }


_OPERATIONS: Mapping[str, Callable[[], Document]] = {
    "submit_task": _submit_task,
    "submit_tasks": _submit_tasks,
    "list_tasks": _list_tasks,
    "stats": _stats,
    "all_stats": _all_stats,
    "read_task": _read_task,
    "cancel_task": _cancel_task,
    "list_all_tasks": _list_all_tasks,
    "read_any_task": _read_any_task,
    "cancel_any_task": _cancel_any_task,
    "complete_task": _complete_task,
    "fail_task": _fail_task,
    "beat_task": _beat_task,
    "redrive_task": _redrive_task,
    "redrive_tasks": _redrive_tasks,
    "health": _health,
    "read_breaker": _read_breaker,
    "change_breaker": _change_breaker,
    "list_keys": _list_keys,
    "read_key": _read_key,
    "change_key": _change_key,
    "read_openapi": _read_openapi,
    "read_docs": _read_docs,
}
