"""An IAM role for one actor, with its whole policy inline."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam
from infrastructure.blocks.component import Component


class Role(Component):
    """A role that one service may assume, and its permissions.

    Public: `ready_arn`, known only when the policy is attached. Resources that AWS checks when it creates them depend
    on that (a pipe fails with an opaque "did not stabilize").
    """

    ready_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        physical_name: str,
        trust: dict[str, Any],
        statements: pulumi.Input[list[iam.Statement]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("taskline:blocks:Role", name, opts)
        role = aws.iam.Role(f"{name}-role", name=physical_name, assume_role_policy=json.dumps(trust), opts=self._child)
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name=physical_name,
            role=role.name,
            policy=pulumi.Output.from_input(statements).apply(lambda given: json.dumps(iam.document(*given))),
            opts=self._child,
        )
        self.ready_arn = pulumi.Output.all(role.arn, policy.id).apply(lambda both: both[0])
        self.register_outputs({"arn": role.arn})
