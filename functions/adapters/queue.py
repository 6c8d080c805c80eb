"""The task queue on SQS FIFO."""

from typing import TYPE_CHECKING

from functions.adapters.clients import new_client, unavailable_on_failure

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


class SQSTaskQueue:
    """`TaskQueue` on an SQS FIFO queue."""

    def __init__(self, queue_url: str, client: "SQSClient | None" = None) -> None:
        self._url = queue_url
        self._client: SQSClient = client or new_client("sqs")

    def send(self, *, body: str, group: str, deduplication_id: str) -> None:
        """Send one message. SQS drops another one with the same deduplication id for five minutes."""
        with unavailable_on_failure("the task queue"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageGroupId=group,
                MessageDeduplicationId=deduplication_id,
            )
