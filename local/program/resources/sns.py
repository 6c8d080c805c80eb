"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, keep
from local.program.resources.policies import over_loopback

SUBSCRIPTION_ATTRIBUTES: Mapping[str, str] = {
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
}


def _ensure_topic(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    sns, name = context.clients.sns, inputs["name"]
    arn = sns.create_topic(Name=name)["TopicArn"]  # an existing topic is kept, with its subscriptions
    key = inputs.get("kmsMasterKeyId") or ""
    sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=key)
    return ProvisionedResource(arn, {"arn": arn, "name": name})


def _remove_topic(context: ProvisioningContext, arn: str) -> None:
    with contextlib.suppress(context.clients.sns.exceptions.NotFoundException):
        context.clients.sns.delete_topic(TopicArn=arn)


def _ensure_policy(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    policy = over_loopback(inputs["policy"])
    if policy:
        context.clients.sns.set_topic_attributes(TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=policy)
    return ProvisionedResource(inputs["arn"], {})


def _ensure_subscription(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    sns = context.clients.sns
    # The same protocol and endpoint return the existing subscription.
    arn = sns.subscribe(TopicArn=inputs["topic"], Protocol=inputs["protocol"], Endpoint=inputs["endpoint"])[
        "SubscriptionArn"
    ]
    for key, attribute in SUBSCRIPTION_ATTRIBUTES.items():
        if inputs.get(key) is not None:
            value = str(inputs[key]).lower() if isinstance(inputs[key], bool) else inputs[key]
            sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=attribute, AttributeValue=value)
    return ProvisionedResource(arn, {"arn": arn})


def _remove_subscription(context: ProvisioningContext, arn: str) -> None:
    sns: Any = context.clients.sns
    with contextlib.suppress(sns.exceptions.NotFoundException, sns.exceptions.InvalidParameterException):
        sns.unsubscribe(SubscriptionArn=arn)


HANDLERS = (
    ResourceHandler(
        type="aws:sns/topic:Topic",
        applies=frozenset({"name", "kmsMasterKeyId"}),
        ensure=_ensure_topic,
        remove=_remove_topic,
    ),
    ResourceHandler(
        type="aws:sns/topicPolicy:TopicPolicy",
        applies=frozenset({"arn", "policy"}),
        ensure=_ensure_policy,
        remove=keep,
    ),
    ResourceHandler(
        type="aws:sns/topicSubscription:TopicSubscription",
        applies=frozenset({"topic", "protocol", "endpoint", *SUBSCRIPTION_ATTRIBUTES}),
        ensure=_ensure_subscription,
        remove=_remove_subscription,
    ),
)
