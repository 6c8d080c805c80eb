"""The gatekeeper: the Lambda function behind the stream of the table of gates. See `tasks/gates/releasing.py`."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.gate_table.layout import GATE, HASH_KEY, RANGE_KEY
from functions.adapters.gate_table.releasing import DynamoDBParkedTasks
from functions.adapters.queue import SQSTaskQueue
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

    An error has the whole batch delivered again: what was done is not done twice.
    """
    keeper = build()
    keys = [record["dynamodb"]["Keys"] for record in event["Records"]]
    groups = dict.fromkeys(key[HASH_KEY]["S"] for key in keys if key[RANGE_KEY]["S"] == GATE)
    released = [task_id for group in groups for task_id in keep_moving(group, keeper.tasks, keeper.queue)]
    logger.info("kept", gates=len(groups), released=released)
    return {}
