"""SQS queues, and the policies that are separate resources in Pulumi but attributes of the queue on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.host.errors import LaptopError
from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, keep
from local.program.resources.policies import over_loopback

ATTRIBUTES: Mapping[str, str] = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}

COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]


def _ensure_queue(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    sqs, name = context.clients.sqs, inputs["name"]
    wanted = {ATTRIBUTES[key]: _text(key, inputs[key]) for key in ATTRIBUTES if inputs.get(key) not in (None, False)}
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        url = sqs.create_queue(QueueName=name, Attributes=wanted)["QueueUrl"]  # type: ignore[arg-type]
    current: Mapping[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]  # type: ignore[assignment]
    changed = {key: value for key, value in wanted.items() if current.get(key) != value and key != "FifoQueue"}
    if changed:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)  # type: ignore[arg-type]
    return ProvisionedResource(url, {"arn": current["QueueArn"], "name": name, "url": url}, key=name)


def _remove_queue(context: ProvisioningContext, name: str) -> None:
    sqs = context.clients.sqs
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return
    attributes: Mapping[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)["Attributes"]  # type: ignore[assignment,arg-type]
    if held := sum(int(attributes[count]) for count in COUNTS):
        raise LaptopError(
            f"The queue {name} is no longer declared, and holds messages: {held}.",
            "Declare it until it is empty; lanes that were changed drain with taskline:lanesBefore, see Change the "
            "number of lanes in docs/guides/operations.md. Or start empty with `make run FRESH=1`.",
        )
    sqs.delete_queue(QueueUrl=url)


def _attribute_resource(type_token: str, key: str) -> ResourceHandler:
    """A resource that is one attribute of the queue named by `queueUrl`."""

    def ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
        url = inputs["queueUrl"]
        context.clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={ATTRIBUTES[key]: _text(key, inputs[key])})  # type: ignore[misc]
        return ProvisionedResource(url, {}, key=url.rpartition("/")[2])

    return ResourceHandler(type=type_token, applies=frozenset({"queueUrl", key}), ensure=ensure, remove=keep)


def _text(key: str, value: Any) -> str:
    if key == "policy":
        return over_loopback(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


HANDLERS = (
    ResourceHandler(
        type="aws:sqs/queue:Queue",
        applies=frozenset({"name", *ATTRIBUTES}),
        ensure=_ensure_queue,
        remove=_remove_queue,
    ),
    _attribute_resource("aws:sqs/queuePolicy:QueuePolicy", "policy"),
    _attribute_resource("aws:sqs/redrivePolicy:RedrivePolicy", "redrivePolicy"),
    _attribute_resource("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "redriveAllowPolicy"),
)
