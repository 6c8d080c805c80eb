"""A lane: one FIFO queue, and the pipe that empties it. More lanes are more of these."""

from dataclasses import dataclass

import pulumi

from functions.tasks.intake.submission import MAX_BODY_BYTES
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.queues import SOURCE_RETENTION_SECONDS, FifoQueue, QueueArgs, Redrive
from infrastructure.blocks.refs import LaneRef, QueueRef, WorkflowRef
from infrastructure.pipeline.pipe import Pipe, PipeArgs


@dataclass(frozen=True, kw_only=True)
class LaneArgs:
    """`visibility_timeout` in seconds, from the times chain; `redrive` is for messages that cannot be delivered.

    `label` tells the lane from the first one, whose label is empty. One that `waits` is created with a stopped pipe.
    """

    location: Location
    redrive: Redrive
    workflow: WorkflowRef
    visibility_timeout: int
    protect: bool
    log_retention_days: int
    label: str = ""
    waits: bool = False


class Lane(Component):
    """Tasks in order, into the state machine. Public: `ref`."""

    ref: LaneRef

    def __init__(self, name: str, args: LaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Lane", name, opts)
        queue = FifoQueue(name, _queue(args), opts=self._child).ref
        pipe = Pipe(f"{name}-pipe", _pipe(args, queue), opts=self._child).ref
        self.ref = LaneRef(label=args.label, queue=queue, pipe=pipe)
        self.register_outputs({"queue_arn": queue.arn, "queue_url": queue.url})


def _queue(args: LaneArgs) -> QueueArgs:
    return QueueArgs(
        location=args.location,
        retention=SOURCE_RETENTION_SECONDS,
        visibility_timeout=args.visibility_timeout,
        protect=args.protect,
        redrive=args.redrive,
        # A larger message would not fit through the pipe, and would hold its group until SQS gives it up.
        max_message_bytes=MAX_BODY_BYTES,
    )


def _pipe(args: LaneArgs, queue: QueueRef) -> PipeArgs:
    return PipeArgs(
        location=args.location,
        queue=queue,
        workflow=args.workflow,
        log_retention_days=args.log_retention_days,
        waits=args.waits,
    )
