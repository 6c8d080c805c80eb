"""The table of counts: how many tasks are in which status, and what happened lately."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import encryption, iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import Grant, grant


@dataclass(frozen=True, kw_only=True)
class CountTableArgs:
    """`protect` makes the table reject its deletion: nothing but the stream of the last day could restore it."""

    location: Location
    protect: bool


class CountTable(Component):
    """On demand, encrypted, with expiry for counts by time. Public: `counting`, `reading`."""

    counting: Grant
    reading: Grant

    def __init__(self, name: str, args: CountTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:CountTable", name, opts)
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=args.location.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="scope",
            range_key="name",
            attributes=[{"name": "scope", "type": "S"}, {"name": "name", "type": "S"}],
            server_side_encryption=encryption.of_table(args.location),
            ttl={"attribute_name": "expires_at", "enabled": True},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.counting = grant(iam.keep_counts(table.arn), COUNTS_TABLE_NAME=table.name)
        self.reading = grant(iam.read_counts(table.arn), COUNTS_TABLE_NAME=table.name)
        self.register_outputs({"arn": table.arn})
