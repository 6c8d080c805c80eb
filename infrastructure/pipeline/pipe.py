"""The EventBridge Pipe: one message at a time per message group, deleted only when its execution has succeeded."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.location import Location
from infrastructure.blocks.role import Role


@dataclass(frozen=True, kw_only=True)
class PipeArgs:
    """From which queue to which state machine."""

    location: Location
    queue_arn: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    log_retention_days: int


class Pipe(pulumi.ComponentResource):
    """Starts a synchronous Express execution for each message. Public: `pipe_name`, `arn`."""

    pipe_name: str
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: PipeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipe:Pipe", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.pipe_name = args.location.name(name)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/vendedlogs/pipes/{self.pipe_name}",
            retention_in_days=args.log_retention_days,
            opts=child,
        )
        role = Role(
            name,
            physical_name=self.pipe_name,
            trust=iam.trust("pipes", args.location, args.location.arn("pipes", f"pipe/{self.pipe_name}")),
            statements=pulumi.Output.from_input(
                [iam.take_messages(args.queue_arn), iam.start_executions(args.state_machine_arn)]
            ),
            opts=child,
        )
        pipe = aws.pipes.Pipe(
            f"{name}-pipe",
            name=self.pipe_name,
            role_arn=role.ready_arn,
            source=args.queue_arn,
            # No batching window, ever: it would override the queue's visibility timeout.
            source_parameters={"sqs_queue_parameters": {"batch_size": 1}},
            target=args.state_machine_arn,
            # Only a pipe that waits sees a failed execution, and leaves its message in the queue.
            target_parameters={"step_function_state_machine_parameters": {"invocation_type": "REQUEST_RESPONSE"}},
            log_configuration={
                "level": "ERROR",
                "cloudwatch_logs_log_destination": {"log_group_arn": logs.arn},
            },
            # Stopping and starting it is the breaker's: a deployment does not start it behind its back.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desiredState"]),
        )
        self.arn = pipe.arn
        self.register_outputs({"pipe_name": self.pipe_name})
