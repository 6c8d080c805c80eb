"""The calls of the state machine, served by table, queue and processor in memory."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from asl import TaskFailure, TaskRequest
from testing.services.count_table import TransactionCanceledError
from testing.services.fifo import InMemoryFifo
from testing.services.table import ConditionalCheckFailedError

Calls = Mapping[tuple[str, str], Callable[[Any], Any]]
"""What serves each service and action."""


class SimulatedContext:
    """The part of Lambda's context that Powertools and the processor read."""

    function_name = "processor"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:processor"
    aws_request_id = "simulated"

    def __init__(self, remaining_seconds: float = 30.0) -> None:
        self._remaining_ms = int(remaining_seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out."""
        return self._remaining_ms


def perform(calls: Calls, request: TaskRequest) -> Any:
    """The result of a Task state's call; `TaskFailure` if it fails."""
    try:
        return calls[request.resource.service, request.resource.action](request.arguments)
    except ConditionalCheckFailedError as error:
        raise TaskFailure("DynamoDB.ConditionalCheckFailedException", "The conditional request failed") from error
    except TransactionCanceledError as error:
        raise TaskFailure("DynamoDb.TransactionCanceledException", str(error)) from error


def send_dead_letter(dead_letters: InMemoryFifo, request: dict[str, Any]) -> dict[str, Any]:
    """SendMessage to the dead-letter queue, as the state machine calls it."""
    body = request["MessageBody"]
    text = body if isinstance(body, str) else json.dumps(body)
    sent = dead_letters.send(text, request["MessageGroupId"], request["MessageDeduplicationId"])
    return {"MessageId": sent}


def invoke(handler: Callable[[Any, Any], Any], event: dict[str, Any], context: SimulatedContext) -> dict[str, Any]:
    """A Lambda function's response, or its error as the state machine sees it."""
    try:
        payload = handler(event, context)
    except Exception as error:
        cause: dict[str, Any] = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
        raise TaskFailure(type(error).__name__, json.dumps(cause)) from error
    return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload}
