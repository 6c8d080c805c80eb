"""The indexes that tasks are listed from: their names, and the keys that each record has for them.

All are ordered by `list_order`: tenant, time of acceptance and id. It is unique and never changes, so a cursor is a
position in it, and each tenant has a range of its own in every partition. The indexes hold only keys, so that changes
of a record do not write to them. `by_status` has an entry only for what is found in no other way: tasks that failed or
were cancelled, and open ones that were redriven. All other open tasks are found in `by_time`, in the seconds of which
the counts say that tasks are open (`functions/tasks/listing/opened.py`): an entry that is written and removed again
would cost two writes for each task. Tasks are spread over shards, because a partition of an index takes about 1,000
writes per second. The state machine computes the same keys for tasks of no tenant (`statemachine/task.asl.json`); a
test checks that they agree.
"""

import hashlib
from typing import Any

from functions.tasks.model import OPEN, Status
from functions.tasks.tenancy import Tenant, View

BY_TIME, BY_STATUS, BY_KEY = "by_time", "by_status", "by_key"
HASH_KEYS = {BY_TIME: "list_shard", BY_STATUS: "status_shard", BY_KEY: "ordering_key"}
RANGE_KEY = "list_order"
COUNTED = "counted"
"""The attribute that marks a record as one that counts (`functions/tasks/counting/`)."""
SHARDS = tuple("0123456789abcdef")
_FIRST, _AFTER_DIGITS, _LAST = "0", ":", "~"


def shard(task_id: str) -> str:
    """The task's shard: the first hexadecimal digit of its id's SHA-256, because ids may have any form."""
    return hashlib.sha256(task_id.encode()).hexdigest()[0]


def status_shard(status: Status, task_id: str) -> str:
    """The hash key of `by_status`, for tasks that have an entry there."""
    return f"{status}#{shard(task_id)}"


def status_partitions(status: Status) -> tuple[str, ...]:
    """Where `by_status` holds the tasks of a status, among others. It has none that succeeded, and few open ones.

    Earlier releases kept all open tasks there: as queued ones, and before that also as processing ones.
    """
    names = OPEN if status in OPEN else (status,)
    return tuple(f"{name}#{one}" for name in names for one in SHARDS)


def list_prefix(tenant: Tenant) -> str:
    """What a tenant's positions begin with: a hash, which has one length and no surprising characters."""
    return f"t{hashlib.sha256(tenant.encode()).hexdigest()[:32]}#" if tenant is not None else ""


def list_range(view: View) -> tuple[str, str]:
    """The bounds between which the view's positions are. Without a tenant they begin with the year."""
    if view.everything:
        return _FIRST, _LAST
    prefix = list_prefix(view.tenant)
    return (prefix, prefix + _LAST) if prefix else (_FIRST, _AFTER_DIGITS)


def list_keys(task_id: str, created_at: str, tenant: Tenant = None) -> dict[str, Any]:
    """The attributes, in DynamoDB's format, that a new record is listed by."""
    return {
        "list_shard": {"S": shard(task_id)},
        "list_order": {"S": f"{list_prefix(tenant)}{created_at}#{task_id}"},
        COUNTED: {"BOOL": True},
    }
