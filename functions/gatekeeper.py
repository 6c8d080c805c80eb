"""The gatekeeper: the Lambda function behind the stream of the table of gates, with a clock beside it.

See `tasks/gates/releasing.py`.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.executions import StepFunctionsExecutions
from functions.adapters.gate_table.layout import GATE, HASH_KEY, RANGE_KEY
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.adapters.gate_table.steering import DynamoDBGates
from functions.adapters.queue import SQSTaskQueue
from functions.tasks.errors import Unavailable
from functions.tasks.events.names import HALTED_SECONDS
from functions.tasks.gates.model import SETTLED, Gate
from functions.tasks.gates.releasing import ParkedTasks, keep_moving
from functions.tasks.gates.steering import Gates, Head
from functions.tasks.intake.lanes import parse_lanes
from functions.tasks.intake.submission import TaskQueue
from functions.tasks.ports import Built
from functions.tasks.runs.watching import Executions, HandedOver, Watch, look_after
from functions.telemetry.observability import emit, logger, traced

PAGE = 100  # gates, and as many records of their heads


class KeptTasks(ParkedTasks, HandedOver, Protocol):
    """Tasks that are parked, and those that were handed over."""


@dataclass(frozen=True, kw_only=True)
class Gatekeeper:
    """What the handler depends on."""

    tasks: KeptTasks
    gates: Gates
    executions: Executions
    grace: timedelta
    keep_for: timedelta
    queue: TaskQueue
    now: Callable[[], datetime]


@Built
def build() -> Gatekeeper:
    """The dependencies, once per execution environment."""

    def now() -> datetime:
        return datetime.now(UTC)

    return Gatekeeper(
        tasks=DynamoDBParkedTasks(os.environ["GATES_TABLE_NAME"], os.environ["TABLE_NAME"], now),
        gates=DynamoDBGates(os.environ["GATES_TABLE_NAME"], os.environ["TABLE_NAME"]),
        executions=StepFunctionsExecutions(os.environ["LONG_MACHINE_ARN"]),
        grace=timedelta(seconds=int(os.environ["CANCEL_GRACE_SECONDS"])),
        keep_for=timedelta(seconds=int(os.environ["RETENTION_SECONDS"])),
        queue=SQSTaskQueue(parse_lanes(os.environ["QUEUE_URL"], os.environ), now=now),
        now=now,
    )


@logger.inject_lambda_context
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of one shard in, or the clock's tick, which is any other event: gates that changed are kept moving.

    `Unavailable` if any gate could not be kept moving: then the whole batch is delivered again, and what was done is
    not done twice. The others are not held up by it.
    """
    if "Records" not in event:
        _look_after(build())
        return {}
    keys = [record["dynamodb"]["Keys"] for record in event["Records"]]
    _keep_moving(build(), dict.fromkeys(key[HASH_KEY]["S"] for key in keys if key[RANGE_KEY]["S"] == GATE))
    return {}


def _look_after(keeper: Gatekeeper) -> None:
    """Measure for how long keys have been closed, look after executions, and move on gates that are about to release.

    A change that the stream has dropped, after a day without success, would otherwise leave its gate closed. So would
    a head that was cancelled after a redrive that could not send its message, and one whose execution has ended
    without an outcome. A head that takes long has no age: its key is not halted.
    """
    now = keeper.now()
    watch = Watch(executions=keeper.executions, tasks=keeper.tasks, grace=keeper.grace, keep_for=keeper.keep_for)
    oldest, moving, lost = 0.0, list[str](), list[str]()
    for gates in _pages(keeper.gates):
        ages = [(now - datetime.fromisoformat(gate.closed_at)).total_seconds() for gate in gates if not gate.execution]
        oldest = max(oldest, *ages, 0.0)
        heads = keeper.gates.heads({gate.head for gate in gates if gate.head})
        moving += [gate.group for gate in gates if not gate.execution and _moves(gate, heads, keeper.tasks)]
        lost += look_after(gates, heads, watch, now)
    emit({}, {(HALTED_SECONDS, "Seconds"): [oldest]})
    if lost:
        logger.warning("lost", executions=lost)
    _keep_moving(keeper, moving)


def _pages(gates: Gates) -> Iterator[Sequence[Gate]]:
    """All closed gates, the longest closed first."""
    after: str | None = None
    while True:
        page = gates.closed(after, PAGE)
        yield page.gates
        if page.following is None:
            return
        after = page.following


def _moves(gate: Gate, heads: Mapping[str, Head], tasks: ParkedTasks) -> bool:
    """Whether there is something to do. Most heads that a gate waits for have failed, and are not looked up again."""
    if gate.releases or gate.sending is not None:
        return True
    if gate.head is None or gate.head not in heads:
        return False
    return heads[gate.head].status in SETTLED and tasks.settle(gate.group, gate.head)


def _keep_moving(keeper: Gatekeeper, groups: Collection[str]) -> None:
    released, failed = list[str](), list[str]()
    for group in groups:
        try:
            released += keep_moving(group, keeper.tasks, keeper.queue)
        except Unavailable as error:
            failed.append(str(error))
    logger.info("kept", gates=len(groups), released=released, failed=failed)
    if failed:
        raise Unavailable("; ".join(failed))
