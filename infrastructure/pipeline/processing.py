"""What works tasks off: processor, state machine, dead-letter queue, and the lane that feeds it."""

from dataclasses import dataclass

import pulumi

from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.queue import DEAD_LETTER_RETENTION_SECONDS, FifoQueue, QueueArgs, Redrive
from infrastructure.pipeline.lane import Lane, LaneArgs
from infrastructure.pipeline.workflow import Workflow, WorkflowArgs
from infrastructure.settings.stack import Settings


@dataclass(frozen=True, kw_only=True)
class ProcessingArgs:
    """The table is where the state machine claims tasks and records what became of them."""

    settings: Settings
    defaults: FunctionDefaults
    table_name: pulumi.Input[str]


class Processing(pulumi.ComponentResource):
    """From the queue to the recorded outcome. Public: its parts."""

    dead_letters: FifoQueue
    processor: Function
    workflow: Workflow
    lane: Lane

    def __init__(self, name: str, args: ProcessingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:processing:Processing", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.dead_letters = FifoQueue("dead-letters", _dead_letter_queue(args), opts=child)
        self.processor = Function("processor", _processor(args), opts=child)
        self.workflow = Workflow("workflow", self._workflow(args), opts=child)
        self.lane = Lane("tasks", self._lane(args), opts=child)
        self.register_outputs({})

    def _workflow(self, args: ProcessingArgs) -> WorkflowArgs:
        settings = args.settings
        return WorkflowArgs(
            location=args.defaults.location,
            values={
                "TableName": args.table_name,
                "ProcessorFunction": self.processor.arn,
                "DeadLetterQueueUrl": self.dead_letters.url,
                "ProcessTimeoutSeconds": settings.times.process,
                "WorkflowTimeoutSeconds": settings.times.workflow,
                "LeaseSeconds": settings.times.lease,
                "RetryUntilSeconds": settings.times.retry_until,
                "RetentionSeconds": settings.record_retention_hours * 3600,
            },
            log_level=settings.execution_log_level,
            log_execution_data=settings.log_execution_data,
            log_retention_days=settings.log_retention_days,
        )

    def _lane(self, args: ProcessingArgs) -> LaneArgs:
        settings = args.settings
        return LaneArgs(
            location=args.defaults.location,
            redrive=Redrive(dead_letter_queue_arn=self.dead_letters.arn, max_receive_count=settings.max_receive_count),
            state_machine_arn=self.workflow.arn,
            visibility_timeout=settings.times.visibility,
            protect=settings.protect_data,
            log_retention_days=settings.log_retention_days,
        )


def _dead_letter_queue(args: ProcessingArgs) -> QueueArgs:
    return QueueArgs(
        location=args.defaults.location,
        retention=DEAD_LETTER_RETENTION_SECONDS,
        visibility_timeout=args.settings.times.visibility,
        protect=args.settings.protect_data,
    )


def _processor(args: ProcessingArgs) -> FunctionArgs:
    return FunctionArgs(
        defaults=args.defaults,
        environment={},
        statements=(),
        timeout=args.settings.times.handler,
        memory_megabytes=args.settings.processor_memory_megabytes,
    )
