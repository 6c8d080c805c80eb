"""What an EventBridge Pipe with an SQS FIFO source and a synchronous state machine as its target does, and no more.

No threads, no clock and no AWS here: `PipeWorker.step` is one turn of one worker, and returns how long to wait before
the next. `local.services.pipes.runner` gives it threads and boto3; a simulation can give it a virtual clock instead.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

SUCCEEDED = "SUCCEEDED"
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0

Log = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One received SQS message. Attributes are strings, as SQS sends them."""

    message_id: str
    receipt_handle: str
    body: str
    body_md5: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a synchronous execution ended: SUCCEEDED with `output` (JSON), FAILED or TIMED_OUT with error and cause."""

    status: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    arn: str = ""


class Source(Protocol):
    """A FIFO queue. It must deliver one message of a group at a time, as SQS does while one is in flight."""

    def receive(self) -> Message | None:
        """The next message, or None if there is none now. May block for a while."""
        ...

    def delete(self, receipt_handle: str) -> None:
        """Delete a processed message from the queue."""
        ...


class Engine(Protocol):
    """Runs executions of an Express state machine to their end."""

    def start_sync_execution(self, state_machine_arn: str, input: str) -> Execution:  # noqa: A002 AWS's own word
        """Start, wait, return. Raises when the execution could not be started."""
        ...


@dataclass(frozen=True, kw_only=True)
class PipeRoute:
    """The ends of a pipe: a queue and a state machine."""

    source_arn: str
    target_arn: str
    region: str


class PipeWorker:
    """One worker of a pipe. It holds one message at a time; several workers share a queue.

    The message is deleted only if its execution succeeds. Otherwise it stays, becomes visible again after the queue's
    visibility timeout, and after `maxReceiveCount` receives goes to the dead-letter queue.
    """

    def __init__(self, route: PipeRoute, source: Source, engine: Engine, log: Log) -> None:
        self._route = route
        self._source = source
        self._engine = engine
        self._log = log
        self._failures = 0

    def step(self) -> float:
        """One turn: receive, execute, delete. Returns the seconds to pause before the next. Never raises."""
        message: Message | None = None
        try:
            message = self._source.receive()
            if message is not None:
                self.settle(message, self._engine.start_sync_execution(self._route.target_arn, self.event(message)))
        except Exception as error:  # a worker must survive any error of one message
            return self._failed(message, error)
        self._failures = 0
        return 0.0

    def event(self, message: Message) -> str:
        """The execution's input: JSON, an array of one record."""
        return json.dumps([record(message, self._route)], ensure_ascii=False)

    def settle(self, message: Message, execution: Execution) -> None:
        """Delete the message if its execution succeeded; otherwise leave it in the queue."""
        if execution.status == SUCCEEDED and accepted(execution.output):
            self._source.delete(message.receipt_handle)
            return
        self._log(
            {
                "level": "ERROR",
                "message": "execution failed; the message stays in the queue",
                "status": execution.status,
                "error": execution.error,
                "cause": execution.cause,
                "execution_arn": execution.arn,
                "message_id": message.message_id,
                "receive_count": message.attributes.get("ApproximateReceiveCount"),
            }
        )

    def _failed(self, message: Message | None, error: Exception) -> float:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        self._log(
            {
                "level": "ERROR",
                "message": "pipe step failed",
                "error": type(error).__name__,
                "cause": str(error),
                "message_id": message.message_id if message else None,
                "retry_after_seconds": pause,
            }
        )
        return pause


def record(message: Message, route: PipeRoute) -> dict[str, Any]:
    """The message as EventBridge Pipes passes it to a target."""
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": dict(message.attributes),
        "messageAttributes": {name: _camel(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": route.source_arn,
        "awsRegion": route.region,
    }


def accepted(output: str | None) -> bool:
    """Whether the message can be deleted, according to the output of its execution.

    A target may return `{"batchItemFailures": [{"itemIdentifier": messageId}]}`. An empty list or null is success;
    an unknown id or a malformed value fails the batch, which here is this one message.
    """
    try:
        response: object = json.loads(output) if output else None
    except ValueError:
        return True  # not JSON, so it does not report failures
    if not isinstance(response, dict) or "batchItemFailures" not in response:
        return True
    failures = cast("dict[str, object]", response)["batchItemFailures"]
    return failures is None or failures == []


def _camel(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """SQS writes `StringValue` and `DataType`; Pipes, like Lambda, writes `stringValue` and `dataType`."""
    camel: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    return camel | {name[0].lower() + name[1:]: value for name, value in attribute.items()}
