"""The task queue on SQS FIFO: one queue, or the lanes that tasks are spread over."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import (
    CORRELATION_ID,
    CorrelationId,
    new_client,
    no_correlation,
    unavailable_on_failure,
)
from functions.tasks.intake.lanes import Lanes

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


def _no_clock() -> datetime:
    """Enough for a number of lanes that does not change."""
    return datetime.fromtimestamp(0, UTC)


class SQSTaskQueue:
    """`TaskQueue` on SQS FIFO queues: the one with this URL, or lanes, between which the clock `now` decides.

    A message carries the id of the current request, if there is one, as an attribute: what follows logs it.
    """

    def __init__(
        self,
        queue: str | Lanes,
        client: "SQSClient | None" = None,
        now: Callable[[], datetime] = _no_clock,
        correlation_id: CorrelationId = no_correlation,
    ) -> None:
        self._lanes = Lanes(queues=(queue,)) if isinstance(queue, str) else queue
        self._client: SQSClient = client or new_client("sqs")
        self._now = now
        self._correlation_id = correlation_id

    def check(self) -> None:
        """`Unavailable` shortly before and while the number of lanes changes."""
        self._lanes.check(self._now())

    def send(self, *, body: str, group: str, deduplication_id: str) -> None:
        """Send one message. SQS drops another one with the same deduplication id for five minutes."""
        url = self._lanes.queue_of(group, self._now())
        with unavailable_on_failure("the task queue"):
            self._client.send_message(
                QueueUrl=url,
                MessageBody=body,
                MessageGroupId=group,
                MessageDeduplicationId=deduplication_id,
                **self._attributes(),
            )

    def _attributes(self) -> dict[str, Any]:
        request = self._correlation_id()
        return (
            {"MessageAttributes": {CORRELATION_ID: {"DataType": "String", "StringValue": request}}} if request else {}
        )
