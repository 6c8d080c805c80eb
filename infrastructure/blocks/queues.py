"""Queues, FIFO and standard: encrypted, TLS only."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import QueueRef, TopicRef

SOURCE_RETENTION_SECONDS = 4 * 24 * 3600
DEAD_LETTER_RETENTION_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Redrive:
    """Where SQS moves a message that was received `max_receive_count` times and never deleted."""

    dead_letters: QueueRef
    max_receive_count: int


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    """All times in seconds. A queue without `redrive` is the end of the line.

    SQS refuses messages of more than `max_message_bytes`; None leaves it at SQS's own limit of 1 MiB.
    """

    location: Location
    retention: int
    visibility_timeout: int
    protect: bool
    redrive: Redrive | None = None
    max_message_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class StandardQueueArgs(QueueArgs):
    """`topic` may send to the queue."""

    topic: TopicRef | None = None


class FifoQueue(Component):
    """A FIFO queue with high throughput. Public: `ref`."""

    ref: QueueRef

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:blocks:FifoQueue", name, opts)
        physical_name = f"{args.location.name(name)}.fifo"
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=physical_name,
            fifo_queue=True,
            # High throughput: limits and deduplication apply per message group instead of to the whole queue.
            deduplication_scope="messageGroup",
            fifo_throughput_limit="perMessageGroupId",
            # Off: the task id is the deduplication id. A hash of the body would never match a client's second attempt.
            content_based_deduplication=False,
            max_message_size=args.max_message_bytes,
            message_retention_seconds=args.retention,
            visibility_timeout_seconds=args.visibility_timeout,
            sqs_managed_sse_enabled=not args.location.kms_key_arn or None,
            kms_master_key_id=args.location.kms_key_arn or None,
            redrive_policy=_redrive_policy(args.redrive),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=pulumi.Output.json_dumps(iam.queue_policy(queue.arn)),
            opts=self._child,
        )
        self.ref = QueueRef(name=physical_name, arn=queue.arn, url=queue.url)
        self.register_outputs({"arn": queue.arn, "url": queue.url})


class StandardQueue(Component):
    """A queue without order. Public: `ref`, and `ready_arn`, known only when the queue's policy is attached."""

    ref: QueueRef
    ready_arn: pulumi.Output[str]

    def __init__(self, name: str, args: StandardQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:blocks:StandardQueue", name, opts)
        physical_name = args.location.name(name)
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=physical_name,
            max_message_size=args.max_message_bytes,
            message_retention_seconds=args.retention,
            visibility_timeout_seconds=args.visibility_timeout,
            sqs_managed_sse_enabled=not args.location.kms_key_arn or None,
            kms_master_key_id=args.location.kms_key_arn or None,
            redrive_policy=_redrive_policy(args.redrive),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        policy = aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=pulumi.Output.json_dumps(iam.queue_policy(queue.arn, args.topic.arn if args.topic else None)),
            opts=self._child,
        )
        self.ref = QueueRef(name=physical_name, arn=queue.arn, url=queue.url)
        self.ready_arn = pulumi.Output.all(queue.arn, policy.id).apply(lambda both: both[0])
        self.register_outputs({"arn": queue.arn, "url": queue.url})


def _redrive_policy(redrive: Redrive | None) -> pulumi.Output[str] | None:
    if redrive is None:
        return None
    return pulumi.Output.json_dumps(
        {"deadLetterTargetArn": redrive.dead_letters.arn, "maxReceiveCount": redrive.max_receive_count}
    )
