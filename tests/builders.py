"""Tasks, messages and items for tests: each builder returns a valid one with the given changes."""

import json
from typing import Any

from functions.adapters.task_table.indexes import list_keys, status_shard
from functions.tasks.model import Status

TASK_ID = "0198c0de-0000-7000-8000-000000000001"
LEAVE_OUT: Any = object()  # as a value: leave the field out
TIMES = [f"2026-01-31T12:00:0{second}.000Z" for second in range(4)]
A_FAILURE: dict[str, Any] = {"error": {"M": {name: {"S": "x"} for name in ("class", "type", "message")}}}


def a_task(**changes: Any) -> dict[str, Any]:
    """A task as a client submits it, with the required fields only."""
    task = {"title": "Send the invoice", "description": "Invoice 4711 to ACME", "priority": "high"} | changes
    return {name: value for name, value in task.items() if value is not LEAVE_OUT}


def a_message(**changes: Any) -> str:
    """The body of a task's message in the queue."""
    accepted = {"task_id": TASK_ID, "created_at": "2026-01-31T12:00:00.000Z"}
    return json.dumps(a_task(**accepted | changes))


def an_item(*statuses: str, **changes: Any) -> dict[str, Any]:
    """A DynamoDB item as validator and state machine write it. `statuses` is its history, the current one last."""
    history = [{"M": {"status": {"S": status}, "at": {"S": at}}} for status, at in zip(statuses, TIMES, strict=False)]
    item: dict[str, Any] = {
        "task_id": {"S": TASK_ID},
        "status": {"S": statuses[-1]},
        "ordering_key": {"S": "task-processing"},
        "type": {"S": "default"},
        "priority": {"S": "high"},
        "created_at": {"S": TIMES[0]},
        "body": {"S": a_message(task_id=TASK_ID, created_at=TIMES[0])},
        "attempts": {"N": str(statuses.count("processing"))},
        "history": {"L": history},
        **list_keys(TASK_ID, TIMES[0]),
    }
    if statuses[-1] in ("failed", "cancelled", "parked"):
        task_id = changes.get("task_id", item["task_id"])["S"]
        item["status_shard"] = {"S": status_shard(Status(statuses[-1]), task_id)}
    if "processing" in statuses:
        item |= {
            "started_at": {"S": TIMES[1]},
            "lease_owner": {"S": "arn:aws:states:eu-west-1:111122223333:express:workflow:run:1"},
            "lease_until": {"N": "1769860900000"},
        }
    if statuses[-1] in ("succeeded", "failed", "cancelled"):
        item |= {"finished_at": {"S": TIMES[len(statuses) - 1]}, "expires_at": {"N": "1772452800"}}
    item |= changes
    return {name: value for name, value in item.items() if value is not LEAVE_OUT}
