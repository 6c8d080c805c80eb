"""The dead-letter queue on SQS FIFO, by its public operations: receive, delete, change visibility."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3

from functions.adapters.clients import CONFIG, unavailable_on_failure
from functions.tasks.model import DEFAULT_TYPE
from functions.tasks.redrive.dead_letters import DeadLetter, Kind, Received

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

_BATCH = 10
_TASK_ID = re.compile(r"[!-~]{1,100}")  # what ClaimTask accepts as one
HIDDEN_SECONDS = 60  # longer than a request to the API can take


class SQSDeadLetters:
    """`DeadLetters` on an SQS FIFO queue."""

    # Anything above zero queries all of SQS's servers, so that "none" means none.
    wait_seconds = 1

    def __init__(self, queue_url: str, client: "SQSClient | None" = None) -> None:
        self._url = queue_url
        self._client: SQSClient = client or boto3.client("sqs", config=CONFIG)

    def receive(self) -> Sequence[DeadLetter]:
        """At most ten messages, hidden from others for a minute."""
        with unavailable_on_failure("the dead-letter queue"):
            response = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=self.wait_seconds,
                MessageSystemAttributeNames=["MessageGroupId", "SentTimestamp"],
            )
        return [read_dead_letter(_to_received(message)) for message in response.get("Messages", [])]

    def delete(self, received: Received) -> None:
        """Delete it. Not in batches: for the emulator, though not for AWS, a batch is a permission of its own."""
        with unavailable_on_failure("the dead-letter queue"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=received.receipt)

    def release(self, received: Received) -> None:
        """Make it visible again."""
        with unavailable_on_failure("the dead-letter queue"):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=received.receipt, VisibilityTimeout=0
            )


def _to_received(message: Any) -> Received:
    attributes = message["Attributes"]
    return Received(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        group=attributes["MessageGroupId"],
        sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
        body=message["Body"],
    )


def read_dead_letter(received: Received) -> DeadLetter:
    """Distinguish the state machine's dead letters, messages that SQS could not deliver, and malformed ones."""
    try:
        body = json.loads(received.body)  # as lenient as the state machine's own $parse
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return _malformed(received, received.message_id, "the message is not a JSON object")
    fields = cast("dict[str, Any]", body)
    original = fields.get("message")
    if isinstance(original, dict) and isinstance(fields.get("error"), dict) and "attempts" in fields:
        return _from_state_machine(received, fields, cast("dict[str, Any]", original))
    return _from_sqs(received, fields)


def _from_state_machine(received: Received, fields: dict[str, Any], original: dict[str, Any]) -> DeadLetter:
    task_id = fields.get("task_id")
    if not isinstance(task_id, str):
        reason = str(fields["error"].get("message", "the message is not a task"))
        return _unclaimed(received, original) or _malformed(
            received, str(original.get("messageId", received.message_id)), reason
        )
    attempts = fields["attempts"]
    return DeadLetter(
        received=received,
        kind=Kind.FAILURE,
        task_id=task_id,
        attempts=int(attempts) if isinstance(attempts, int | float) else 0,
    )


def _unclaimed(received: Received, original: dict[str, Any]) -> DeadLetter | None:
    """The task in a dead letter that reports a malformed message although only the claim itself was broken."""
    try:
        message = replace(
            received,
            group=str(original["attributes"]["MessageGroupId"]),
            sent_at=datetime.fromtimestamp(int(original["attributes"]["SentTimestamp"]) / 1000, UTC),
            body=str(original["body"]),
        )
        fields = json.loads(message.body)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    dead_letter = _from_sqs(message, cast("dict[str, Any]", fields)) if isinstance(fields, dict) else None
    return dead_letter if dead_letter and dead_letter.kind is Kind.UNDELIVERED else None


def _from_sqs(received: Received, fields: dict[str, Any]) -> DeadLetter:
    task_id, task_type = fields.get("task_id"), fields.get("type")
    if not isinstance(task_id, str) or not _TASK_ID.fullmatch(task_id):
        return _malformed(received, received.message_id, "the message has no task_id")
    return DeadLetter(
        received=received,
        kind=Kind.UNDELIVERED,
        task_id=task_id,
        type=task_type if isinstance(task_type, str) else DEFAULT_TYPE,
    )


def _malformed(received: Received, original_id: str, reason: str) -> DeadLetter:
    return DeadLetter(received=received, kind=Kind.MALFORMED, original_id=original_id, reason=reason)
