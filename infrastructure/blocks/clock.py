"""A clock that calls a function, and the permission for whoever calls one."""

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import FunctionRef


def allow_calls(
    name: str, function: FunctionRef, service: str, source_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.lambda_.Permission:
    """Let this source, of a service such as `sns`, call what is live of the function."""
    return aws.lambda_.Permission(
        f"{name}-permission",
        action="lambda:InvokeFunction",
        principal=f"{service}.amazonaws.com",
        function=function.name,
        qualifier=function.alias,
        source_arn=source_arn,
        opts=opts,
    )


def call_regularly(
    name: str, function: FunctionRef, *, rate: str, about: str, location: Location, parent: pulumi.Resource
) -> None:
    """Call the function at a rate such as `rate(5 minutes)`; `about` describes the rule."""
    inside = pulumi.ResourceOptions(parent=parent)
    rule = aws.cloudwatch.EventRule(
        f"{name}-rule",
        name=location.name(f"{name}-tick"),
        description=about,
        schedule_expression=rate,
        opts=inside,
    )
    allowed = allow_calls(f"{name}-tick", function, "events", rule.arn, inside)
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=function.arn,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[allowed]),
    )
