"""The dead-letter queue on SQS FIFO, by its public operations: receive, delete, change visibility."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

from functions.adapters.clients import CONFIG, unavailable_on_failure
from functions.tasks.redrive.dead_letters import Received

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

_BATCH = 10
HIDDEN_SECONDS = 60  # longer than a call to the API can take


class SQSDeadLetters:
    """`DeadLetters` on an SQS FIFO queue."""

    # Anything above zero asks all of SQS's servers, so that "none" means none.
    wait_seconds = 1

    def __init__(self, queue_url: str, client: "SQSClient | None" = None) -> None:
        self._url = queue_url
        self._client: SQSClient = client or boto3.client("sqs", config=CONFIG)

    def receive(self) -> Sequence[Received]:
        """At most ten messages, hidden from others for a minute."""
        with unavailable_on_failure("the dead-letter queue"):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=self.wait_seconds,
                MessageSystemAttributeNames=["MessageGroupId", "SentTimestamp"],
            )
        return [_to_received(message) for message in answer.get("Messages", [])]

    def delete(self, received: Received) -> None:
        """One at a time: batches are told apart by the permissions of the emulator, though not of AWS."""
        with unavailable_on_failure("the dead-letter queue"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=received.receipt)

    def release(self, received: Received) -> None:
        """Make it visible."""
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
