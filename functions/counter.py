"""Counts of tasks: the Lambda function behind the table's stream that keeps them. See `tasks/counting/`.

It has a mapping of its own, with a window: the event then names the shard, and one batch of it comes at a time.
"""

import os
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adapters.count_table.changes import read_change
from functions.adapters.count_table.counts import DynamoDBCounts
from functions.tasks.counting.keeping import Counts, count
from functions.tasks.ports import Built
from functions.telemetry.observability import logger, traced

LONGEST_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Counter:
    """What the handler depends on."""

    counts: Counts


@Built
def build() -> Counter:
    """The dependencies, once per execution environment."""
    return Counter(
        counts=DynamoDBCounts(
            os.environ["COUNTS_TABLE_NAME"],
            now=lambda: datetime.now(UTC),
            pause=lambda: time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS)),
        )
    )


@logger.inject_lambda_context
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of one shard in; out, the state that Lambda asks for at each step of a window, which is empty.

    An error has the whole batch delivered again: what is counted already is passed over.
    """
    changes = [read_change(record) for record in event["Records"]]
    counted = count(changes, event["shardId"], build().counts) if changes else 0
    logger.info("counted", shard=event["shardId"], records=len(changes), counted=counted)
    return {"state": {}}
