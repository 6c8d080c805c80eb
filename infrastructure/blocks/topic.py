"""A standard SNS topic: TLS only."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.location import Location

MANAGED_KEY = "alias/aws/sns"


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    """`alarms` lets CloudWatch alarms publish. They cannot use AWS's own key, so only another topic is encrypted."""

    location: Location
    alarms: bool


class Topic(pulumi.ComponentResource):
    """One topic. Public: `arn`."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:topic:Topic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=args.location.name(name),
            kms_master_key_id=None if args.alarms else MANAGED_KEY,
            opts=child,
        )
        aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(iam.topic_policy(topic.arn, args.location if args.alarms else None)),
            opts=child,
        )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
