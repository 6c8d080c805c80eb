"""The table of failure patterns: short-lived counts, which expire by themselves."""

import pulumi
import pulumi_aws as aws

from infrastructure.blocks import encryption, iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import Grant, grant


class PatternTable(Component):
    """On demand, encrypted, with expiry. Nothing in it is worth a restore. Public: `counting`."""

    counting: Grant

    def __init__(self, name: str, location: Location, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:watch:PatternTable", name, opts)
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=location.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            server_side_encryption=encryption.of_table(location),
            ttl={"attribute_name": "expires_at", "enabled": True},
            opts=self._child,
        )
        self.counting = grant(iam.count_patterns(table.arn), PATTERNS_TABLE_NAME=table.name)
        self.register_outputs({"arn": table.arn})
