"""A standard queue, for what has no order: encrypted, TLS only."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.location import Location
from infrastructure.blocks.queue import Redrive, redrive_policy


@dataclass(frozen=True, kw_only=True)
class StandardQueueArgs:
    """All times in seconds. `topic_arn` is a topic that may send to it."""

    location: Location
    retention: int
    visibility_timeout: int
    protect: bool
    redrive: Redrive | None = None
    topic_arn: pulumi.Input[str] | None = None


class StandardQueue(pulumi.ComponentResource):
    """One queue. Public: `arn`, `url`, `queue_name`, and `open_arn`, known when its policy is in place."""

    arn: pulumi.Output[str]
    queue_name: str
    open_arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: StandardQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:standard_queue:StandardQueue", name, None, opts)
        self.queue_name = args.location.name(name)
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=self.queue_name,
            message_retention_seconds=args.retention,
            visibility_timeout_seconds=args.visibility_timeout,
            sqs_managed_sse_enabled=True,
            redrive_policy=redrive_policy(args.redrive),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        policy = aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=pulumi.Output.json_dumps(iam.queue_policy(queue.arn, args.topic_arn)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = queue.arn
        self.open_arn = pulumi.Output.all(queue.arn, policy.id).apply(lambda both: both[0])
        self.url = queue.url
        self.register_outputs({"arn": self.arn, "url": self.url})
