"""An IAM role for one actor, with its whole policy inline."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.encryption import use_key
from infrastructure.blocks.location import Location


class Role(Component):
    """A role that one service may assume, and its permissions.

    With a customer's key, the use of it that the statements imply comes with them. A role that `outlives_stack` stays
    when the stack is destroyed. Its name gets a suffix: a later stack would find it taken.

    Public: `ready_arn`, known only when the policy is attached. Resources that AWS checks when it creates them depend
    on that (a pipe fails with an opaque "did not stabilize").
    """

    ready_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        physical_name: str,
        location: Location,
        trust: dict[str, Any],
        statements: pulumi.Input[list[iam.Statement]],
        outlives_stack: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("taskline:blocks:Role", name, opts)
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=outlives_stack)
        role = aws.iam.Role(
            f"{name}-role",
            name=None if outlives_stack else physical_name,
            name_prefix=f"{physical_name}-" if outlives_stack else None,
            assume_role_policy=json.dumps(trust),
            permissions_boundary=location.permissions_boundary_arn or None,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name=physical_name,
            role=role.name,
            policy=pulumi.Output.from_input(statements).apply(
                lambda given: json.dumps(iam.document(*given, *use_key(location, given)))
            ),
            opts=child,
        )
        self.ready_arn = pulumi.Output.all(role.arn, policy.id).apply(lambda both: both[0])
        self.register_outputs({"arn": role.arn})
