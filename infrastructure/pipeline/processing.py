"""What processes tasks: processor, state machine, dead-letter queue, and the lane that feeds them."""

from dataclasses import dataclass

import pulumi

from infrastructure.blocks.component import Component
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.queues import (
    DEAD_LETTER_RETENTION_SECONDS,
    SOURCE_RETENTION_SECONDS,
    FifoQueue,
    QueueArgs,
    Redrive,
)
from infrastructure.blocks.refs import FunctionRef, ProcessingRef, QueueRef, TableRef, WorkflowRef
from infrastructure.pipeline.lane import Lane, LaneArgs
from infrastructure.pipeline.workflow import Workflow, WorkflowArgs
from infrastructure.settings.stack import Settings

# The state machine gives up on a task itself. SQS does so last, a day before it would delete the message: until then,
# nothing that is wrong with the account or with AWS moves a task out of its order.
LAST_RESORT_SECONDS = SOURCE_RETENTION_SECONDS - 24 * 3600
MOST_RECEIVES = 1000  # that SQS takes as a maxReceiveCount


@dataclass(frozen=True, kw_only=True)
class ProcessingArgs:
    """The state machine claims tasks in `table`, and records their outcome there."""

    defaults: FunctionDefaults
    settings: Settings
    table: TableRef


class Processing(Component):
    """From the queue to the recorded outcome. Public: `ref`."""

    ref: ProcessingRef

    def __init__(self, name: str, args: ProcessingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Processing", name, opts)
        child = self._child
        dead_letters = FifoQueue("dead-letters", _dead_letters(args), opts=child).ref
        processor = Function("processor", _processor(args), opts=child).ref
        workflow = Workflow("workflow", _workflow(args, processor, dead_letters), opts=child).ref
        lane = Lane("tasks", _lane(args, workflow, dead_letters), opts=child)
        self.ref = ProcessingRef(
            queue=lane.queue, dead_letters=dead_letters, pipe=lane.pipe, workflow=workflow, processor=processor
        )
        self.register_outputs({})


def receives_before_giving_up(visibility_timeout: int) -> int:
    """After how many receives SQS moves a message to the dead-letter queue; each hides it for `visibility_timeout`
    seconds.
    """
    return min(MOST_RECEIVES, LAST_RESORT_SECONDS // visibility_timeout)


def _dead_letters(args: ProcessingArgs) -> QueueArgs:
    return QueueArgs(
        location=args.defaults.location,
        retention=DEAD_LETTER_RETENTION_SECONDS,
        visibility_timeout=args.settings.times.visibility,
        protect=args.settings.protect_data,
    )


def _processor(args: ProcessingArgs) -> FunctionArgs:
    return FunctionArgs(
        defaults=args.defaults,
        timeout=args.settings.times.handler,
        memory_megabytes=args.settings.processor_memory_megabytes,
    )


def _workflow(args: ProcessingArgs, processor: FunctionRef, dead_letters: QueueRef) -> WorkflowArgs:
    settings = args.settings
    return WorkflowArgs(
        location=args.defaults.location,
        values={
            "TableName": args.table.name,
            "ProcessorFunction": processor.arn,
            "DeadLetterQueueUrl": dead_letters.url,
            "ProcessTimeoutSeconds": settings.times.process,
            "WorkflowTimeoutSeconds": settings.times.workflow,
            "LeaseSeconds": settings.times.lease,
            "RetryUntilSeconds": settings.times.retry_until,
            "MaxDeliveries": settings.max_receive_count,
            "RetentionSeconds": settings.record_retention_seconds,
        },
        log_level=settings.execution_log_level,
        log_execution_data=settings.log_execution_data,
        log_retention_days=settings.log_retention_days,
    )


def _lane(args: ProcessingArgs, workflow: WorkflowRef, dead_letters: QueueRef) -> LaneArgs:
    settings = args.settings
    return LaneArgs(
        location=args.defaults.location,
        redrive=Redrive(
            dead_letters=dead_letters, max_receive_count=receives_before_giving_up(settings.times.visibility)
        ),
        workflow=workflow,
        visibility_timeout=settings.times.visibility,
        protect=settings.protect_data,
        log_retention_days=settings.log_retention_days,
    )
