"""Messages and executions in the terms of the laptop edition's pipe, which decides as EventBridge Pipes does."""

import json

from asl import ExecutionStatus, Outcome
from local.services.pipes.pipe import Execution, Message, PipeRoute
from testing.services.fifo import Stored

ROUTE = PipeRoute(source_arn="arn:aws:sqs:us-east-1:000000000000:tasks.fifo", target_arn="machine", region="us-east-1")


def message(stored: Stored) -> Message:
    """A received message."""
    return Message(
        message_id=stored.message_id,
        receipt_handle=stored.receipt_handle,
        body=stored.body,
        body_md5="",
        attributes={
            "ApproximateReceiveCount": str(stored.receive_count),
            "SentTimestamp": str(int(stored.sent_at * 1000)),
            "SequenceNumber": f"{stored.sequence:020d}",
            "MessageGroupId": stored.group,
            "MessageDeduplicationId": stored.deduplication_id,
        },
        message_attributes={},
    )


def execution(outcome: Outcome) -> Execution:
    """How a synchronous execution ended."""
    output = json.dumps(outcome.output) if outcome.status is ExecutionStatus.SUCCEEDED else None
    return Execution(status=outcome.status.value, output=output, error=outcome.error, cause=outcome.cause)
