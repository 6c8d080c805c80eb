"""Subscribes to the topics of a running laptop, and takes its services away for a while."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Generator
from typing import Any

from tests.local.laptop import Laptop


class Subscriber:
    """A queue that receives everything that is published to a topic."""

    def __init__(self, laptop: Laptop, topic: str) -> None:
        self._sqs: Any = laptop.clients.sqs
        self._sns = laptop.clients.sns
        self.topic = topic
        self.url = self._sqs.create_queue(QueueName=f"subscriber-{uuid.uuid4()}")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]
        self.arn = attributes["QueueArn"]
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": self.arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        response = self._sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=self.arn, Attributes={"RawMessageDelivery": "true"}
        )
        self._subscription = response["SubscriptionArn"]
        self.received: list[str] = []

    def receive(self) -> list[str]:
        """Everything received so far."""
        while messages := self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.received.append(message["Body"])
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.received

    def of_task(self, task_id: str) -> list[dict[str, Any]]:
        events = [json.loads(text) for text in self.receive()]
        return [event for event in events if event["task_id"] == task_id]

    def statuses(self, task_id: str) -> list[str]:
        return [event["status"] for event in self.of_task(task_id)]

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self.url)


@contextlib.contextmanager
def no_topic(laptop: Laptop, topic: str) -> Generator[None]:
    """Delete the topic, and create it again with its subscriptions."""
    sns = laptop.clients.sns
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    kept = [
        (one, sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"])
        for one in subscriptions
    ]
    sns.delete_topic(TopicArn=topic)
    try:
        yield
    finally:
        # An event published after the topic is back and before its subscriptions are would reach no subscriber.
        with not_allowed_to_publish(laptop):
            sns.create_topic(Name=topic.rpartition(":")[2])
            for one, attributes in kept:
                names = ("FilterPolicy", "RawMessageDelivery")
                wanted = {name: attributes[name] for name in names if name in attributes}
                sns.subscribe(TopicArn=topic, Protocol=one["Protocol"], Endpoint=one["Endpoint"], Attributes=wanted)


def not_allowed_to_publish(laptop: Laptop) -> contextlib.AbstractContextManager[None]:
    """Remove the permissions of the events function, and restore them."""
    return no_permissions(laptop, "taskline-dev-events")


@contextlib.contextmanager
def no_permissions(laptop: Laptop, role: str) -> Generator[None]:
    """Remove all permissions of a role, and restore them."""
    with changed_policy(laptop, role, lambda _: []):
        yield


@contextlib.contextmanager
def changed_policy(
    laptop: Laptop, role: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> Generator[None]:
    """Change the statements of a role's policy for a while."""
    iam = laptop.clients.iam
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    if statements := change(policy["Statement"]):
        other = json.dumps(policy | {"Statement": statements})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=other)
    else:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


@contextlib.contextmanager
def no_queue(laptop: Laptop, url: str) -> Generator[None]:
    """Delete a queue with all its messages, and create it again, empty."""
    sqs: Any = laptop.clients.sqs
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    wanted = ("FifoQueue", "DeduplicationScope", "FifoThroughputLimit", "MessageRetentionPeriod", "VisibilityTimeout")
    sqs.delete_queue(QueueUrl=url)
    try:
        yield
    finally:
        kept = {name: attributes[name] for name in wanted if name in attributes}
        sqs.create_queue(QueueName=url.rpartition("/")[2], Attributes=kept)
