"""Examples for readers of the OpenAPI document; tests check them against the models and the functions."""

from collections.abc import Callable
from typing import Any

from functions.api.problems import Problem, rejected
from functions.tasks.breaker.view import parse_change
from functions.tasks.counting.model import parse_stats_request
from functions.tasks.errors import Conflict, FieldError, Rejected
from functions.tasks.gates.view import KeyListQuery, parse_key_change, parse_key_query
from functions.tasks.intake.batch import batch_too_large, invalid_batch
from functions.tasks.intake.submission import invalid_task, key_reused, too_large
from functions.tasks.listing.model import parse_list_request
from functions.tasks.redrive.model import parse_request
from functions.tasks.runs.workers import Completion, expired, parse_worker_request
from functions.tasks.tenancy import EVERYTHING

TASK_ID = "019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11"
BATCH_ID = "019aa8f0-5d3b-7b20-8c11-4f6d2a9b1e03"
INSTANCE = "/v1/tasks"
_EXECUTION = (
    "arn:aws:states:eu-central-1:123456789012:express:taskline-dev-workflow"
    ":7ff2a1d8-53c8-4b1c-8a5b-1ce1b9a5b0a2:4e0a9f6e-6c1b-4f1a-9a5e-0f5c2d9b7a31"
)

NEW_TASK: dict[str, Any] = {
    "title": "Say hello",
    "description": "The first task",
    "priority": "high",
    "type": "demo.echo",
    "ordering_key": "customer-42",
    "data": {"hello": "world"},
}
QUEUED_TASK: dict[str, Any] = {
    **NEW_TASK,
    "task_id": TASK_ID,
    "status": "queued",
    "attempts": 0,
    "created_at": "2026-11-21T12:00:00.000Z",
    "history": [{"status": "queued", "at": "2026-11-21T12:00:00.000Z"}],
    "links": {
        "self": f"/v1/tasks/{TASK_ID}",
        "same_key": "/v1/tasks?ordering_key=customer-42",
        "cancel": f"/v1/tasks/{TASK_ID}",
    },
}
SUCCEEDED_TASK: dict[str, Any] = {
    **QUEUED_TASK,
    "status": "succeeded",
    "attempts": 1,
    "started_at": "2026-11-21T12:00:00.105Z",
    "finished_at": "2026-11-21T12:00:00.142Z",
    "history": [
        {"status": "queued", "at": "2026-11-21T12:00:00.000Z"},
        {"status": "processing", "at": "2026-11-21T12:00:00.106Z", "execution": _EXECUTION},
        {"status": "succeeded", "at": "2026-11-21T12:00:00.142Z", "execution": _EXECUTION},
    ],
    "result": {"hello": "world"},
    "links": {"self": f"/v1/tasks/{TASK_ID}", "same_key": "/v1/tasks?ordering_key=customer-42"},
}
CANCELLED_TASK: dict[str, Any] = {
    **QUEUED_TASK,
    "status": "cancelled",
    "finished_at": "2026-11-21T12:00:01.000Z",
    "history": [*QUEUED_TASK["history"], {"status": "cancelled", "at": "2026-11-21T12:00:01.000Z"}],
    "links": SUCCEEDED_TASK["links"],
}
TASKS: dict[str, Any] = {
    "tasks": [
        {
            "task_id": TASK_ID,
            "status": "succeeded",
            "type": "demo.echo",
            "priority": "high",
            "ordering_key": "customer-42",
            "attempts": 1,
            "created_at": "2026-11-21T12:00:00.000Z",
            "started_at": "2026-11-21T12:00:00.105Z",
            "finished_at": "2026-11-21T12:00:00.142Z",
        }
    ],
}
TENANT = "key:a1b2c3d4e5"
ANY_TASK: dict[str, Any] = {
    **SUCCEEDED_TASK,
    "tenant": TENANT,
    "links": {
        "self": f"/v1/operations/tasks/{TASK_ID}",
        "same_key": "/v1/operations/tasks?ordering_key=customer-42",
    },
}
ANY_CANCELLED_TASK: dict[str, Any] = {**CANCELLED_TASK, "tenant": TENANT, "links": ANY_TASK["links"]}
ALL_TASKS: dict[str, Any] = {"tasks": [{**TASKS["tasks"][0], "tenant": TENANT}]}
HEALTH = {"status": "healthy", "timestamp": "2026-11-21T12:00:00.000Z"}
_IN_STATUS = {"queued": 3, "parked": 0, "processing": 1, "succeeded": 1200, "failed": 2, "cancelled": 0}
STATS: dict[str, Any] = {
    "by_status": _IN_STATUS,
    "by_type": {"demo.echo": _IN_STATUS},
    "last_minute": {"accepted": 12, "succeeded": 10, "failed": 0, "cancelled": 0},
    "last_hour": {"accepted": 640, "succeeded": 638, "failed": 1, "cancelled": 0},
    "last_day": {"accepted": 1206, "succeeded": 1200, "failed": 2, "cancelled": 0},
    "as_of": "2026-11-21T12:00:00.000Z",
}
COMPLETION = {"token": "1.4c9a8b1f20de.AQCEAAAAKgAAAAMAAAAAAAAAAe", "result": {"pages": 12}}
WORKER_FAILURE = {"token": COMPLETION["token"], "error_class": "NETWORK", "message": "the printer does not respond"}
HEARTBEAT = {"token": COMPLETION["token"], "progress": {"percent": 40, "text": "page 5 of 12"}}
WORKER_REPLY = {"task_id": TASK_ID, "status": "processing"}
HEARTBEAT_REPLY = {"task_id": TASK_ID, "cancel_requested": False}
REDRIVE = {"error_class": "NETWORK", "failed_from": "2026-11-21T12:00:00Z", "dry_run": False}
REDRIVEN: dict[str, Any] = {
    "dry_run": False,
    "tasks": [
        {
            "task_id": TASK_ID,
            "ordering_key": "customer-42",
            "type": "demo.echo",
            "error_class": "NETWORK",
            "failed_at": "2026-11-21T12:00:07.500Z",
            "redrives": 1,
        }
    ],
    "malformed": [],
    "dead_letters_removed": 1,
    "busy_keys": [],
}
BREAKER_CHANGE = {"state": "open", "reason": "the bank is down"}
BREAKER: dict[str, Any] = {
    **BREAKER_CHANGE,
    "since": "2026-11-21T12:00:00.000Z",
    "by": "arn:aws:iam::111122223333:user/anna",
    "manual": True,
    "next_step_at": None,
    "pipe": {"current_state": "STOPPED", "desired_state": "STOPPED", "state_reason": ""},
    "pipe_stopped": False,
    "pipes": [
        {
            "name": "taskline-prod-tasks-pipe",
            "current_state": "STOPPED",
            "desired_state": "STOPPED",
            "state_reason": "",
            "stopped": False,
            "waits": False,
        }
    ],
}
KEY: dict[str, Any] = {
    "key": "customer-42",
    "state": "closed",
    "cause": "failed",
    "head": TASK_ID,
    "parked": 3,
    "since": "2026-11-21T12:00:07.500Z",
}
KEY_CHANGE = {"state": "closed", "reason": "the customer's data is being migrated"}
HELD_KEY: dict[str, Any] = {
    "key": "customer-42",
    "state": "closed",
    "cause": "held",
    "parked": 0,
    "since": "2026-11-21T12:00:00.000Z",
    "reason": "the customer's data is being migrated",
}
CLOSED_KEYS: dict[str, Any] = {"keys": [{**KEY, "tenant": TENANT}]}


def _rejection(call: Callable[[], object]) -> Problem:
    try:
        call()
    except Rejected as error:
        return rejected(error)
    raise AssertionError("the example of a rejection was accepted")


# The domain's own rejections, so that the examples show what the functions return.
INVALID_TASK = rejected(invalid_task([FieldError(field="title", message="is required")]))
TOO_LARGE = rejected(too_large())
INVALID_CHANGE = _rejection(lambda: parse_change("{}"))
INVALID_KEY_CHANGE = _rejection(lambda: parse_key_change("{}"))
INVALID_KEY_QUERY = _rejection(lambda: parse_key_query({"limit": ["0"]}, KeyListQuery))
INVALID_WORKER_REQUEST = _rejection(lambda: parse_worker_request("{}", Completion))
EXPIRED = rejected(expired(TASK_ID))
INVALID_REDRIVE = _rejection(lambda: parse_request('{"limit": 0}'))
INVALID_BATCH = rejected(invalid_batch([FieldError(field="tasks", message="is required")]))
BATCH_TOO_LARGE = rejected(batch_too_large())
REUSED_KEY = rejected(key_reused())
INVALID_QUERY = _rejection(lambda: parse_list_request({"limit": ["0"]}, EVERYTHING))
INVALID_STATS_QUERY = _rejection(lambda: parse_stats_request({"batch_id": [""]}))
NOT_QUEUED = rejected(Conflict("Not queued", f"The task {TASK_ID!r} has succeeded."))
NOT_FAILED = rejected(Conflict("Not failed", f"The task {TASK_ID!r} has succeeded."))
BATCH: dict[str, Any] = {"tasks": [NEW_TASK, {**NEW_TASK, "title": "Say goodbye"}]}
BATCH_RESPONSE: dict[str, Any] = {
    "batch_id": BATCH_ID,
    "results": [
        {"status": 202, "location": f"{INSTANCE}/{TASK_ID}", "task": {**QUEUED_TASK, "batch_id": BATCH_ID}},
        {"status": 400, "problem": INVALID_TASK.document(f"{INSTANCE}/batch#/tasks/1")},
    ],
}
