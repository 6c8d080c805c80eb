"""A FIFO queue: high throughput, encrypted, TLS only."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.location import Location

SOURCE_RETENTION_SECONDS = 4 * 24 * 3600
DEAD_LETTER_RETENTION_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Redrive:
    """Where messages go that were received `max_receive_count` times and never deleted."""

    dead_letter_queue_arn: pulumi.Input[str]
    max_receive_count: int


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    """All times in seconds. A queue without `redrive` is itself the end of the line."""

    location: Location
    retention: int
    visibility_timeout: int
    protect: bool
    redrive: Redrive | None = None


class FifoQueue(pulumi.ComponentResource):
    """One FIFO queue. Public: `arn`, `url`, `queue_name`."""

    arn: pulumi.Output[str]
    queue_name: str
    url: pulumi.Output[str]

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:queue:FifoQueue", name, None, opts)
        self.queue_name = f"{args.location.name(name)}.fifo"
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=self.queue_name,
            fifo_queue=True,
            # High throughput: limits and deduplication hold for each message group instead of the whole queue.
            deduplication_scope="messageGroup",
            fifo_throughput_limit="perMessageGroupId",
            # Off: the task id is the deduplication id. A hash of the body would never match a client's second try.
            content_based_deduplication=False,
            message_retention_seconds=args.retention,
            visibility_timeout_seconds=args.visibility_timeout,
            sqs_managed_sse_enabled=True,
            redrive_policy=redrive_policy(args.redrive),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=pulumi.Output.json_dumps(iam.queue_policy(queue.arn)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = queue.arn
        self.url = queue.url
        self.register_outputs({"arn": self.arn, "url": self.url})


def redrive_policy(redrive: Redrive | None) -> pulumi.Output[str] | None:
    """The queue's attribute that says so."""
    if redrive is None:
        return None
    return pulumi.Output.json_dumps(
        {"deadLetterTargetArn": redrive.dead_letter_queue_arn, "maxReceiveCount": redrive.max_receive_count}
    )
