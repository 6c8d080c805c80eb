"""The table of gates: closed keys, and the tasks that are parked behind them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from functions.adapters.gate_table.layout import HASH_KEY, INDEX, RANGE_KEY
from infrastructure.blocks import encryption
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import GatesRef

_KEYS = (HASH_KEY, RANGE_KEY, "closed", "closed_at")


@dataclass(frozen=True, kw_only=True)
class GatesArgs:
    """`protect` makes the table reject its deletion: without it, tasks that are parked would never run."""

    location: Location
    protect: bool


class Gates(Component):
    """On demand, restorable, encrypted, with a stream of changes. Public: `ref`."""

    ref: GatesRef

    def __init__(self, name: str, args: GatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Gates", name, opts)
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=args.location.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key=HASH_KEY,
            range_key=RANGE_KEY,
            attributes=[{"name": key, "type": "S"} for key in _KEYS],
            # Sparse: it holds gates, and no parked tasks. Those that have been closed for the longest come first.
            global_secondary_indexes=[
                {
                    "name": INDEX,
                    "key_schemas": [
                        {"attribute_name": "closed", "key_type": "HASH"},
                        {"attribute_name": "closed_at", "key_type": "RANGE"},
                    ],
                    "projection_type": "KEYS_ONLY",
                }
            ],
            point_in_time_recovery={"enabled": True},
            server_side_encryption=encryption.of_table(args.location),
            stream_enabled=True,
            stream_view_type="KEYS_ONLY",
            deletion_protection_enabled=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.ref = GatesRef(
            name=table.name,
            arn=table.arn,
            index_arn=pulumi.Output.concat(table.arn, f"/index/{INDEX}"),
            stream_arn=table.stream_arn,
        )
        self.register_outputs({"arn": table.arn})
