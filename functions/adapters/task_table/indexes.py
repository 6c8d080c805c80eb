"""The indexes that tasks are listed from: their names, and the keys that each record has for them.

All are ordered by `list_order`, the time of acceptance and the id, which is unique and never changes: a cursor is a
position in it. They hold only keys, so that changes of a record do not write to them; only `by_status` follows its
status. Tasks are spread over shards, because a partition of an index takes about 1,000 writes per second. The state
machine computes the same keys (`statemachine/task.asl.json`); a test checks that they agree.
"""

import hashlib
from typing import Any

from functions.tasks.model import Status

BY_TIME, BY_STATUS, BY_KEY = "by_time", "by_status", "by_key"
HASH_KEYS = {BY_TIME: "list_shard", BY_STATUS: "status_shard", BY_KEY: "ordering_key"}
RANGE_KEY = "list_order"
SHARDS = tuple("0123456789abcdef")


def shard(task_id: str) -> str:
    """The task's shard: the first hexadecimal digit of its id's SHA-256, because ids may have any form."""
    return hashlib.sha256(task_id.encode()).hexdigest()[0]


def status_shard(status: Status, task_id: str) -> str:
    """The hash key of `by_status`. Every change of a record's status has to change it too."""
    return f"{status}#{shard(task_id)}"


def list_keys(task_id: str, status: Status, created_at: str) -> dict[str, Any]:
    """The attributes, in DynamoDB's format, that a new record is listed by."""
    return {
        "list_shard": {"S": shard(task_id)},
        "list_order": {"S": f"{created_at}#{task_id}"},
        "status_shard": {"S": status_shard(status, task_id)},
    }
