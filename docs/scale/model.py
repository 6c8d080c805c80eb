"""Throughput and latency of a stage, from the load, its lanes and AWS's quotas. Times are in seconds.

A key runs one task at a time, so it is a queue with one server; a pipe runs as many keys at once as it has executions.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from docs.scale import quotas
from docs.scale.quotas import Quota
from functions.tasks.intake.lanes import lane_of

# Assumed of AWS, where nothing has been measured yet; on the laptop it is 11 ms, with the gap.
MACHINE = 0.060  # start of an execution, claim, record: what it takes besides the function
GAP = 0.020  # between two messages of a key: the pipe deletes one and receives the next
VALIDATOR = 0.050
# Put, claim, record, and each index that changes: counted in tests/infrastructure/pipeline/test_write_units.py.
WRITE_UNITS = 5
SAMPLE = 20_000  # keys
BUSY = 0.8  # of what a lane can do; beyond it, waiting grows without bound


@dataclass(frozen=True, kw_only=True)
class Load:
    """`keys` with equally many tasks each, whose function takes `task` seconds."""

    keys: float
    task: float

    @property
    def execution(self) -> float:
        """How long a pipe is busy with one task."""
        return MACHINE + self.task

    @property
    def step(self) -> float:
        """How long a key is busy with one task."""
        return self.execution + GAP


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The tasks per second that something allows; `quota` is AWS's, None for what is ours to choose."""

    name: str
    rate: float
    quota: Quota | None = None


def limits(load: Load, lanes: int = 1) -> tuple[Limit, ...]:
    """All limits of a load, the one that binds first in front."""
    return tuple(sorted(_limits(load, lanes), key=lambda limit: limit.rate))


def _limits(load: Load, lanes: int) -> Iterator[Limit]:
    fair = 1 / largest_share(lanes)
    yield Limit(name="keys: each runs one task at a time", rate=load.keys / load.step)
    pipe = quotas.PIPE_EXECUTIONS
    yield Limit(name=_lanes("pipe", lanes), rate=fair * pipe.value / load.execution, quota=pipe)
    account = quotas.ACCOUNT_PIPE_EXECUTIONS
    yield Limit(name="all pipes of the account", rate=account.value / load.execution, quota=account)
    functions = quotas.LAMBDA_CONCURRENCY
    yield Limit(name="Lambda", rate=functions.value / (VALIDATOR + load.task), quota=functions)
    yield Limit(name="API Gateway", rate=quotas.API_REQUESTS.value, quota=quotas.API_REQUESTS)
    yield Limit(name=_lanes("queue", lanes), rate=fair * quotas.QUEUE_CALLS.value, quota=quotas.QUEUE_CALLS)
    writes = quotas.TABLE_WRITES
    yield Limit(name="DynamoDB", rate=writes.value / WRITE_UNITS, quota=writes)


def _lanes(what: str, lanes: int) -> str:
    return f"one {what}" if lanes == 1 else f"{lanes} {what}s"


def throughput(load: Load, lanes: int = 1, *, raised: bool = False) -> float:
    """Tasks per second; `raised` as if AWS had raised every quota that it can."""
    return next(limit.rate for limit in limits(load, lanes) if not (raised and limit.quota and limit.quota.adjustable))


def lanes_for(rate: float, task: float) -> int:
    """The fewest lanes for so many tasks per second, none busier than `BUSY`, if there are keys enough."""
    load = Load(keys=math.inf, task=task)
    one = BUSY * min(quotas.PIPE_EXECUTIONS.value / load.execution, quotas.QUEUE_CALLS.value)
    lanes = math.ceil(rate / one)  # which would do if the busiest had no more than the others
    while rate * largest_share(lanes) > one:
        lanes += 1
    return lanes


@cache
def largest_share(lanes: int) -> float:
    """The part of the tasks that the busiest lane gets, if all of `SAMPLE` keys have equally many."""
    counts = Counter(one % lanes for one in _hashes())
    return max(counts.values()) / SAMPLE


@cache
def _hashes() -> tuple[int, ...]:
    """What lanes are found by, of each key."""
    return tuple(lane_of(f"a client#customer-{number}", 2**32) for number in range(SAMPLE))


def waiting(load: Load, rate: float) -> float:
    """The mean wait of a task for those of its key before it, which arrive at random (M/D/1); infinite if too many do.

    https://en.wikipedia.org/wiki/M/D/1_queue
    """
    busy = rate * load.step / load.keys
    return math.inf if busy >= 1 else busy * load.step / (2 * (1 - busy))
