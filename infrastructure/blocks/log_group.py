"""A log group: created here and not by the service that writes to it, which would keep the logs for ever."""

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.location import Location


def log_group(
    name: str, physical_name: str, location: Location, retention_days: int, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """The log group `<name>-logs`, encrypted with the customer's key if there is one."""
    return aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=physical_name,
        retention_in_days=retention_days,
        kms_key_id=location.kms_key_arn or None,
        opts=opts,
    )
