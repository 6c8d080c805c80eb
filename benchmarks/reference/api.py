"""The reference's first function: `POST /tasks` in FastAPI, on Lambda through Mangum."""

import os
import uuid
from typing import Any, Literal

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel, Field

logger = Logger(service="reference-api")
sqs = boto3.client("sqs")
app = FastAPI()


class ReferenceTask(BaseModel):
    """A task as its client submits it."""

    title: str = Field(min_length=1, max_length=200)
    description: str = Field(min_length=1, max_length=2000)
    priority: Literal["low", "medium", "high"]
    type: str = "default"
    ordering_key: str = Field(default="task-processing", max_length=128)
    data: dict[str, Any] = {}


@app.post("/tasks", status_code=202)
def submit_task(task: ReferenceTask) -> dict[str, str]:
    """Send the task to the queue, and return its id."""
    task_id = str(uuid.uuid4())
    sqs.send_message(
        QueueUrl=os.environ["QUEUE_URL"],
        MessageBody=task.model_copy(update={"data": {**task.data, "task_id": task_id}}).model_dump_json(),
        MessageGroupId=task.ordering_key,
        MessageDeduplicationId=task_id,
    )
    logger.info("accepted", task_id=task_id, ordering_key=task.ordering_key)
    return {"task_id": task_id}


adapter = Mangum(app, lifespan="off")


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return adapter(event, context)
