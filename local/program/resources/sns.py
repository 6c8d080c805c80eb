"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from local.program.declarations.model import Context, Handler, Inputs, Made, keep
from local.program.resources.policies import over_loopback

SUBSCRIPTION_ATTRIBUTES: Mapping[str, str] = {
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
}


def _ensure_topic(context: Context, inputs: Inputs) -> Made:
    sns, name = context.clients.sns, inputs["name"]
    arn = sns.create_topic(Name=name)["TopicArn"]  # an existing one is kept, with its subscriptions
    key = inputs.get("kmsMasterKeyId") or ""
    sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=key)
    return Made(arn, {"arn": arn, "name": name})


def _remove_topic(context: Context, arn: str) -> None:
    with contextlib.suppress(context.clients.sns.exceptions.NotFoundException):
        context.clients.sns.delete_topic(TopicArn=arn)


def _ensure_policy(context: Context, inputs: Inputs) -> Made:
    policy = over_loopback(inputs["policy"])
    if policy:
        context.clients.sns.set_topic_attributes(TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=policy)
    return Made(inputs["arn"], {})


def _ensure_subscription(context: Context, inputs: Inputs) -> Made:
    sns = context.clients.sns
    # The same protocol and endpoint give the subscription that is there already.
    arn = sns.subscribe(TopicArn=inputs["topic"], Protocol=inputs["protocol"], Endpoint=inputs["endpoint"])[
        "SubscriptionArn"
    ]
    for key, attribute in SUBSCRIPTION_ATTRIBUTES.items():
        if inputs.get(key) is not None:
            value = str(inputs[key]).lower() if isinstance(inputs[key], bool) else inputs[key]
            sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=attribute, AttributeValue=value)
    return Made(arn, {"arn": arn})


def _remove_subscription(context: Context, arn: str) -> None:
    sns: Any = context.clients.sns
    with contextlib.suppress(sns.exceptions.NotFoundException, sns.exceptions.InvalidParameterException):
        sns.unsubscribe(SubscriptionArn=arn)


HANDLERS = (
    Handler(
        type="aws:sns/topic:Topic",
        applies=frozenset({"name", "kmsMasterKeyId"}),
        ensure=_ensure_topic,
        remove=_remove_topic,
    ),
    Handler(
        type="aws:sns/topicPolicy:TopicPolicy",
        applies=frozenset({"arn", "policy"}),
        ensure=_ensure_policy,
        remove=keep,
    ),
    Handler(
        type="aws:sns/topicSubscription:TopicSubscription",
        applies=frozenset({"topic", "protocol", "endpoint", *SUBSCRIPTION_ATTRIBUTES}),
        ensure=_ensure_subscription,
        remove=_remove_subscription,
    ),
)
