"""An IAM role for one actor, with its whole policy inline."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import iam


class Role(pulumi.ComponentResource):
    """A role that one service may take, and what it may do.

    `ready_arn` is known only when the policy is attached: resources that AWS checks at creation (a pipe fails with
    an opaque "did not stabilize") depend on it.
    """

    arn: pulumi.Output[str]
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
        super().__init__("taskline:role:Role", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-role", name=physical_name, assume_role_policy=json.dumps(trust), opts=child)
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name=physical_name,
            role=role.name,
            policy=pulumi.Output.from_input(statements).apply(lambda given: json.dumps(iam.document(*given))),
            opts=child,
        )
        self.arn = role.arn
        self.ready_arn = pulumi.Output.all(role.arn, policy.id).apply(lambda both: both[0])
        self.register_outputs({"arn": self.arn})
