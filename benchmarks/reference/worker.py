"""The reference's second function: processes the messages of its queue."""

import json
import os
import time
from typing import Any

from aws_lambda_powertools import Logger

logger = Logger(service="reference-worker")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process a batch of messages. The end of each task is written to a file for the benchmark."""
    with open(os.environ["DONE_FILE"], "a", encoding="utf-8") as done:  # noqa: PTH123 pathlib would have to be loaded
        for record in event["Records"]:
            task = json.loads(record["body"])
            logger.info("processed", task_id=task["data"]["task_id"])
            done.write(f"{task['data']['task_id']} {time.time()}\n")
    return {"batchItemFailures": []}
