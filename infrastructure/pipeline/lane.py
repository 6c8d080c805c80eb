"""A lane: one FIFO queue and the pipe that empties it. More lanes are more of these."""

from dataclasses import dataclass

import pulumi

from infrastructure.blocks.location import Location
from infrastructure.blocks.queue import SOURCE_RETENTION_SECONDS, FifoQueue, QueueArgs, Redrive
from infrastructure.pipeline.pipe import Pipe, PipeArgs


@dataclass(frozen=True, kw_only=True)
class LaneArgs:
    """`visibility_timeout` in seconds, from the times chain; `redrive` says where undeliverable messages go."""

    location: Location
    redrive: Redrive
    state_machine_arn: pulumi.Input[str]
    visibility_timeout: int
    protect: bool
    log_retention_days: int


class Lane(pulumi.ComponentResource):
    """Tasks in order, into the state machine.

    Public: `queue_arn`, `queue_url`, `queue_name`, `pipe_name`, `pipe_arn`.
    """

    queue_arn: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    queue_name: str
    pipe_name: str
    pipe_arn: pulumi.Output[str]

    def __init__(self, name: str, args: LaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:lane:Lane", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue = FifoQueue(
            name,
            QueueArgs(
                location=args.location,
                retention=SOURCE_RETENTION_SECONDS,
                visibility_timeout=args.visibility_timeout,
                protect=args.protect,
                redrive=args.redrive,
            ),
            opts=child,
        )
        pipe = Pipe(
            f"{name}-pipe",
            PipeArgs(
                location=args.location,
                queue_arn=queue.arn,
                state_machine_arn=args.state_machine_arn,
                log_retention_days=args.log_retention_days,
            ),
            opts=child,
        )
        self.queue_arn = queue.arn
        self.queue_url = queue.url
        self.queue_name = queue.queue_name
        self.pipe_name = pipe.pipe_name
        self.pipe_arn = pipe.arn
        self.register_outputs({"queue_arn": self.queue_arn, "queue_url": self.queue_url})
