"""The EventBridge Pipe: one message at a time per message group, deleted only after its execution has succeeded."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.log_group import log_group
from infrastructure.blocks.refs import PipeRef, QueueRef, WorkflowRef
from infrastructure.blocks.role import Role
from infrastructure.pipeline.patience import patience


@dataclass(frozen=True, kw_only=True)
class PipeArgs:
    """From which queue to which state machine. One that `waits` is created stopped."""

    location: Location
    queue: QueueRef
    workflow: WorkflowRef
    log_retention_days: int
    waits: bool = False


class Pipe(Component):
    """Starts a synchronous Express execution per message. Public: `ref`."""

    ref: PipeRef

    def __init__(self, name: str, args: PipeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Pipe", name, opts)
        physical_name = args.location.name(name)
        logs = log_group(
            name, f"/aws/vendedlogs/pipes/{physical_name}", args.location, args.log_retention_days, self._child
        )
        role = Role(
            name,
            physical_name=physical_name,
            location=args.location,
            trust=iam.trust("pipes", args.location, args.location.arn("pipes", f"pipe/{physical_name}")),
            statements=pulumi.Output.from_input(
                [
                    *args.queue.receiving().statements,
                    *args.workflow.starting().statements,
                    iam.write_own_logs(logs.arn),
                ]
            ),
            opts=self._child,
        )
        pipe = aws.pipes.Pipe(
            f"{name}-pipe",
            name=physical_name,
            role_arn=role.ready_arn,
            source=args.queue.arn,
            # No batching window, ever: it would override the queue's visibility timeout.
            source_parameters={"sqs_queue_parameters": {"batch_size": 1}},
            target=args.workflow.arn,
            # Which counts only when it is created: then the breaker starts it once the lanes before have drained.
            desired_state="STOPPED" if args.waits else None,
            # Only a pipe that waits for its target sees a failed execution and leaves its message in the queue.
            target_parameters={"step_function_state_machine_parameters": {"invocation_type": "REQUEST_RESPONSE"}},
            log_configuration={
                "level": "ERROR",
                "cloudwatch_logs_log_destination": {"log_group_arn": logs.arn},
            },
            # The breaker stops and starts the pipe, and a deployment must not undo that. The provider sends the state
            # with every update, and what is ignored keeps the value of the last known state: it is the real one only
            # because `refresh: always` in Pulumi.yaml reads it before each update.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desiredState"], hooks=patience(name)),
        )
        self.ref = PipeRef(name=physical_name, arn=pipe.arn, log_group=logs.name)
        self.register_outputs({"pipe_name": physical_name})
