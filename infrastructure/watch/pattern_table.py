"""The table of failure patterns: counts of the moment, which expire by themselves."""

import pulumi
import pulumi_aws as aws

from infrastructure.blocks.location import Location


class PatternTable(pulumi.ComponentResource):
    """On demand, encrypted, with expiry. Nothing in it is worth a restore. Public: `arn`, `table_name`."""

    arn: pulumi.Output[str]
    table_name: pulumi.Output[str]

    def __init__(self, name: str, location: Location, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pattern_table:PatternTable", name, None, opts)
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=location.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            ttl={"attribute_name": "expires_at", "enabled": True},
            server_side_encryption={"enabled": True},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = table.arn
        self.table_name = table.name
        self.register_outputs({"arn": self.arn})
