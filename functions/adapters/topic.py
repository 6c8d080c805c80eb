"""Topics on SNS, and the queue that keeps unreadable changes."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from functions.adapters.clients import SNSClient, new_client, unavailable_on_failure
from functions.tasks.alerts.patterns import Alert
from functions.tasks.events.event import TaskEvent

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient
MAX_SUBJECT_CHARACTERS = 100
_NOT_PRINTABLE = re.compile(r"[^ -~]")


class SNSEventTopic:
    """`EventTopic` on an SNS topic."""

    def __init__(self, topic_arn: str, client: SNSClient | None = None) -> None:
        self._topic = topic_arn
        self._client = client or new_client("sns")

    def publish(self, events: Sequence[TaskEvent]) -> int:
        """Publish the events in one request, with the attributes that subscribers filter by.

        SNS reports success or failure per event. Events behind the first failed one are sent again with it.
        """
        entries = [_entry(number, event) for number, event in enumerate(events)]
        with unavailable_on_failure("the topic of task events"):
            response = self._client.publish_batch(TopicArn=self._topic, PublishBatchRequestEntries=entries)
        return min((int(failure["Id"]) for failure in response.get("Failed", [])), default=len(events))


def _entry(number: int, event: TaskEvent) -> dict[str, Any]:
    attributes = {
        name: {"DataType": "String", "StringValue": _NOT_PRINTABLE.sub("?", text)}
        for name, text in event.attributes().items()
    }
    return {"Id": str(number), "Message": event.document(), "MessageAttributes": attributes}


class SNSAlerts:
    """`Alerts` on an SNS topic."""

    def __init__(self, topic_arn: str, client: SNSClient | None = None) -> None:
        self._topic = topic_arn
        self._client = client or new_client("sns")

    def send(self, alert: Alert) -> None:
        """Publish the alert; subscribers by e-mail see its subject."""
        with unavailable_on_failure("the topic of alerts"):
            self._client.publish(
                TopicArn=self._topic, Subject=alert.subject[:MAX_SUBJECT_CHARACTERS], Message=alert.text
            )


class SQSUnreadableChanges:
    """`UnreadableChanges` on an SQS queue."""

    def __init__(self, queue_url: str, client: "SQSClient | None" = None) -> None:
        self._url = queue_url
        self._client: SQSClient = client or new_client("sqs")

    def keep(self, change: Mapping[str, object]) -> None:
        """Send one message."""
        with unavailable_on_failure("the queue of failed events"):
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(change))
