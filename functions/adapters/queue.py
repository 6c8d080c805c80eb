"""The task queue on SQS FIFO: one queue, or the lanes that tasks are spread over."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.tasks.intake.lanes import Lanes

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


def _no_clock() -> datetime:
    """Enough for a number of lanes that does not change."""
    return datetime.fromtimestamp(0, UTC)


class SQSTaskQueue:
    """`TaskQueue` on SQS FIFO queues: the one with this URL, or lanes, between which the clock `now` decides."""

    def __init__(
        self, queue: str | Lanes, client: "SQSClient | None" = None, now: Callable[[], datetime] = _no_clock
    ) -> None:
        self._lanes = Lanes(queues=(queue,)) if isinstance(queue, str) else queue
        self._client: SQSClient = client or new_client("sqs")
        self._now = now

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
            )
