"""Where counters are: the keys of their items, `scope` and `name`.

| scope | name | holds |
| --- | --- | --- |
| `tasks` | tenant, type, stripe | a number per status |
| `key#` and the ordering key | tenant, type | a number per status |
| `batch#` and the batch's id | tenant, type | a number per status |
| `minute#` or `hour#`, and the tenant | start, stripe | a number per flow and slot |
| `open#` and the tenant | minute | how many tasks that were accepted in it are open, and a number per second |
| `shard#` and the stream's shard | `-` | the position up to which the shard is counted |

A tenant is a hash, as in the indexes of the task table; `-` is no tenant, and `*` everyone. What every shard of the
stream adds to is striped, so that shards seldom meet. Open tasks are not: a shard may end while a task is open, and a
single item comes back to nothing, and is deleted, when all tasks of its minute have ended.
"""

import zlib
from typing import Any

from functions.adapters.task_table.indexes import list_prefix
from functions.tasks.counting.cells import Cell, Kind
from functions.tasks.tenancy import View

STRIPES = 8
EVERYONE, NO_TENANT = "*", "-"
_STRIPED = (Kind.TASKS, Kind.MINUTE, Kind.HOUR)
_BUCKETS = (Kind.MINUTE, Kind.HOUR, Kind.OPEN)
_SHARD = "shard#"


def tenant_name(view: View) -> str:
    """The tenant as it stands in keys."""
    if view.everything:
        return EVERYONE
    return list_prefix(view.tenant).removesuffix("#") or NO_TENANT


def stripe(shard: str) -> str:
    """The stripe that a shard of the stream adds to."""
    return str(zlib.crc32(shard.encode()) % STRIPES)


def scope(kind: Kind, view: View, subject: str = "") -> str:
    """The partition that holds the cells of a kind, about a subject, or of a tenant."""
    if kind is Kind.TASKS:
        return kind
    return f"{kind}#{tenant_name(view) if kind in _BUCKETS else subject}"


def scope_of_prefix(kind: Kind, prefix: str) -> str:
    """The partition of a tenant's buckets, given what its positions in lists begin with."""
    return f"{kind}#{prefix.removesuffix('#') or NO_TENANT}"


def prefix_of(name: str) -> str:
    """What the positions in lists begin with of the tenant in a counter's name."""
    tenant = name.partition("#")[0]
    return "" if tenant == NO_TENANT else f"{tenant}#"


def item_key(cell: Cell, shard: str) -> Any:
    """The key of the item that holds this cell, as far as this shard adds to it."""
    first = (cell.subject,) if cell.kind in _BUCKETS else (tenant_name(cell.view), cell.type)
    last = (stripe(shard),) if cell.kind in _STRIPED else ()
    return _key(scope(cell.kind, cell.view, cell.subject), "#".join((*first, *last)))


def position_key(shard: str) -> Any:
    """The key of the item that holds a shard's position."""
    return _key(_SHARD + shard, "-")


def type_of(kind: Kind, name: str) -> str:
    """The task type in an item's name. A type from outside may have any characters, `#` too."""
    text = name.partition("#")[2]
    return text.rpartition("#")[0] if kind in _STRIPED else text


def start_of(name: str) -> str:
    """The start of the bucket in an item's name."""
    return name.partition("#")[0]


def _key(scope_name: str, name: str) -> Any:
    return {"scope": {"S": scope_name}, "name": {"S": name}}
