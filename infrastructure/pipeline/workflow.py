"""A workflow: a state machine, the role that its definition needs, and its execution log."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.log_group import log_group
from infrastructure.blocks.refs import WorkflowRef
from infrastructure.blocks.role import Role
from infrastructure.pipeline.machine_policy import machine_statements
from taskline import links


@dataclass(frozen=True, kw_only=True)
class WorkflowArgs:
    """`load` makes the definition out of the `values` of its placeholders, `functions` are all that it may invoke.
    Executions of kind `STANDARD` may take as long as they like. `log_level` is ALL, ERROR, FATAL or OFF.
    """

    location: Location
    load: Callable[[Mapping[str, str | int]], dict[str, Any]]
    values: Mapping[str, pulumi.Input[str | int]]
    functions: tuple[pulumi.Input[str], ...]
    log_level: str
    log_execution_data: bool
    log_retention_days: int
    kind: Literal["EXPRESS", "STANDARD"] = "EXPRESS"


class Workflow(Component):
    """A state machine. Public: `ref`."""

    ref: WorkflowRef

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Workflow", name, opts)
        physical_name = args.location.name(name)
        definition = pulumi.Output.all(**args.values).apply(args.load)
        # Under this prefix, log delivery does not add to the account's only resource policy, which soon fills up.
        logs = log_group(
            name, f"/aws/vendedlogs/states/{physical_name}", args.location, args.log_retention_days, self._child
        )
        role = Role(
            name,
            physical_name=physical_name,
            location=args.location,
            trust=iam.trust("states", args.location, args.location.arn("states", f"stateMachine:{physical_name}")),
            statements=pulumi.Output.all(definition, *args.functions).apply(
                lambda known: _statements(known[0], args.location, known[1:])
            ),
            opts=self._child,
        )
        machine = aws.sfn.StateMachine(
            f"{name}-machine",
            name=physical_name,
            type=args.kind,
            definition=definition.apply(json.dumps),
            role_arn=role.ready_arn,
            logging_configuration={
                "level": args.log_level,
                "include_execution_data": args.log_execution_data,
                "log_destination": pulumi.Output.concat(logs.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            opts=self._child,
        )
        self.ref = WorkflowRef(
            name=physical_name,
            arn=machine.arn,
            console_url=machine.arn.apply(links.state_machine),
            log_group=logs.name,
        )
        self.register_outputs({"arn": machine.arn})


def _statements(definition: Mapping[str, Any], location: Location, functions: Sequence[str]) -> list[iam.Statement]:
    return [*machine_statements(definition, location, functions), iam.deliver_execution_logs(), iam.trace_executions()]
