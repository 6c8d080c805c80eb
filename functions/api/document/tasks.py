"""The operations of clients and workers in the OpenAPI document."""

from collections.abc import Callable, Mapping

from functions.api.document import examples
from functions.api.document.parts import (
    RETRY_AFTER,
    Document,
    content,
    idempotency_key,
    problem,
    replayed,
    task_id,
    unavailable,
)
from functions.api.document.schemas import query_parameters
from functions.api.headers import REPLAYED_HEADER


def _submit_task() -> Document:
    return {
        "summary": "Submit a task",
        "parameters": [idempotency_key()],
        "requestBody": {"required": True, "content": content("NewTask", examples.NEW_TASK)},
        "responses": {
            "202": {
                "description": "Accepted and queued.",
                "headers": {
                    "Location": {"description": "Where to read the task.", "schema": {"type": "string"}},
                    REPLAYED_HEADER: replayed(),
                },
                "content": content("TaskView", examples.QUEUED_TASK),
            },
            "400": problem(
                "Not JSON, or a field or the idempotency key is wrong; `errors` names each one.", examples.INVALID_TASK
            ),
            "413": problem("The task is too large.", examples.TOO_LARGE),
            "415": problem("The body's media type is not JSON."),
            "422": problem("The idempotency key was used for a different request.", examples.REUSED_KEY),
            "503": unavailable(),
        },
    }


def _submit_tasks() -> Document:
    return {
        "summary": "Submit several tasks, each accepted or rejected on its own",
        "parameters": [idempotency_key()],
        "requestBody": {"required": True, "content": content("Batch", examples.BATCH)},
        "responses": {
            "207": {
                "description": "The outcome of each task. `Retry-After` is sent when a task can be tried again.",
                "headers": {REPLAYED_HEADER: replayed(), "Retry-After": RETRY_AFTER},
                "content": content("BatchResponse", examples.BATCH_RESPONSE),
            },
            "400": problem(
                "Not a batch: not JSON, no tasks or too many, or a wrong idempotency key.", examples.INVALID_BATCH
            ),
            "413": problem("The batch is too large.", examples.BATCH_TOO_LARGE),
            "415": problem("The body's media type is not JSON."),
            "422": problem("The idempotency key was used for a different request.", examples.REUSED_KEY),
            "503": unavailable(),
        },
    }


def _read_task(summary: str = "Read a task and its outcome", example: Document = examples.SUCCEEDED_TASK) -> Document:
    return {
        "summary": summary,
        "parameters": [task_id()],
        "responses": {
            "200": {"description": "The task.", "content": content("TaskView", example)},
            "404": problem("There is no such task."),
            "503": unavailable(),
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
            "200": {"description": "A page of tasks.", "content": content("TaskList", example)},
            "400": problem(
                "A parameter is wrong, unknown or given twice; `errors` names each one.", examples.INVALID_QUERY
            ),
            "503": unavailable(),
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
            "200": {"description": "The counts.", "content": content("Stats", examples.STATS)},
            "400": problem(
                "A parameter is wrong, unknown or given twice; `errors` names each one.", examples.INVALID_STATS_QUERY
            ),
            "503": unavailable(),
        },
    }


def _cancel_task(
    summary: str = "Cancel a task that is still queued", example: Document = examples.CANCELLED_TASK
) -> Document:
    return {
        "summary": summary,
        "parameters": [task_id()],
        "responses": {
            "200": {"description": "Cancelled, now or earlier.", "content": content("TaskView", example)},
            "202": {
                "description": "It takes long and is being processed: it was asked to stop, and is ended as "
                "cancelled when the stage's `cancelGraceSeconds` are over, a minute unless set.",
                "content": content("TaskView", {**example, "status": "processing"}),
            },
            "404": problem("There is no such task."),
            "409": problem("The task is no longer queued; `detail` says why.", examples.NOT_QUEUED),
            "503": unavailable(),
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
        {"202": {"description": "Brought back.", "content": content("WorkerReply", examples.WORKER_REPLY)}},
    )


def _beat_task() -> Document:
    return _by_worker(
        "Say that the worker of a task is still at it",
        ("Heartbeat", examples.HEARTBEAT),
        {"200": {"description": "Noted.", "content": content("HeartbeatReply", examples.HEARTBEAT_REPLY)}},
    )


def _by_worker(summary: str, request: tuple[str, Document], response: Document) -> Document:
    return {
        "summary": summary,
        "parameters": [task_id()],
        "requestBody": {"required": True, "content": content(*request)},
        "responses": {
            **response,
            "400": problem("Not JSON, or a field is wrong; `errors` names each one.", examples.INVALID_WORKER_REQUEST),
            "404": problem("There is no such task."),
            "409": problem("Nobody waits for the token, or it is another task's.", examples.EXPIRED),
            "415": problem("The body's media type is not JSON."),
            "503": unavailable(),
        },
    }


OPERATIONS: Mapping[str, Callable[[], Document]] = {
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
}
