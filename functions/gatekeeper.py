"""The gatekeeper: the Lambda function behind the stream of the table of gates. See `tasks/gates/releasing.py`."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.gate_table.layout import GATE, HASH_KEY, RANGE_KEY
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.adapters.queue import SQSTaskQueue
from functions.tasks.errors import Unavailable
from functions.tasks.gates.releasing import ParkedTasks, keep_moving
from functions.tasks.intake.lanes import parse_lanes
from functions.tasks.intake.submission import TaskQueue
from functions.tasks.ports import Built
from functions.telemetry.observability import logger, traced


@dataclass(frozen=True, kw_only=True)
class Gatekeeper:
    """What the handler depends on."""

    tasks: ParkedTasks
    queue: TaskQueue


@Built
def build() -> Gatekeeper:
    """The dependencies, once per execution environment."""

    def now() -> datetime:
        return datetime.now(UTC)

    return Gatekeeper(
        tasks=DynamoDBParkedTasks(os.environ["GATES_TABLE_NAME"], os.environ["TABLE_NAME"], now),
        queue=SQSTaskQueue(parse_lanes(os.environ["QUEUE_URL"], os.environ), now=now),
    )


@logger.inject_lambda_context
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of one shard in: each gate that changed is kept moving.

    `Unavailable` if any gate could not be kept moving: then the whole batch is delivered again, and what was done is
    not done twice. The others are not held up by it.
    """
    keeper = build()
    keys = [record["dynamodb"]["Keys"] for record in event["Records"]]
    groups = dict.fromkeys(key[HASH_KEY]["S"] for key in keys if key[RANGE_KEY]["S"] == GATE)
    released, failed = list[str](), list[str]()
    for group in groups:
        try:
            released += keep_moving(group, keeper.tasks, keeper.queue)
        except Unavailable as error:
            failed.append(str(error))
    logger.info("kept", gates=len(groups), released=released, failed=failed)
    if failed:
        raise Unavailable("; ".join(failed))
    return {}
