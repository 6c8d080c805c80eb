"""A standard SNS topic: TLS only."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import TopicRef

MANAGED_KEY = "alias/aws/sns"


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    """`alarms` lets CloudWatch alarms publish. They cannot use AWS's own key, only a customer's."""

    location: Location
    alarms: bool


class Topic(Component):
    """One topic. Public: `ref`."""

    ref: TopicRef

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:blocks:Topic", name, opts)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=args.location.name(name),
            kms_master_key_id=args.location.kms_key_arn or (None if args.alarms else MANAGED_KEY),
            opts=self._child,
        )
        aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(iam.topic_policy(topic.arn, args.location if args.alarms else None)),
            opts=self._child,
        )
        self.ref = TopicRef(arn=topic.arn)
        self.register_outputs({"arn": topic.arn})
