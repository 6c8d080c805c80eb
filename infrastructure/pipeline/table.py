"""The task table: the truth about every task, and the outbox of its changes."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from functions.adapters.task_table.failed_index import INDEX, INDEXED
from functions.adapters.task_table.indexes import HASH_KEYS, RANGE_KEY
from infrastructure.blocks.location import Location

_KEYS = ("task_id", "failed_key", "sequence_number", *HASH_KEYS.values(), RANGE_KEY)


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """`protect` makes the table refuse its deletion."""

    location: Location
    protect: bool


class Table(pulumi.ComponentResource):
    """On demand, encrypted, restorable to any second of the last 35 days, with expiry and a stream of changes."""

    arn: pulumi.Output[str]
    failed_index_arn: pulumi.Output[str]
    list_index_arns: tuple[pulumi.Output[str], ...]
    table_name: pulumi.Output[str]
    stream_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:table:Table", name, None, opts)
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=args.location.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="task_id",
            attributes=[{"name": key, "type": "S"} for key in _KEYS],
            global_secondary_indexes=[_failed_index(), *(_list_index(index) for index in HASH_KEYS)],
            ttl={"attribute_name": "expires_at", "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True},
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            deletion_protection_enabled=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.arn = table.arn
        self.failed_index_arn = pulumi.Output.concat(table.arn, f"/index/{INDEX}")
        self.list_index_arns = tuple(pulumi.Output.concat(table.arn, f"/index/{index}") for index in HASH_KEYS)
        self.table_name = table.name
        self.stream_arn = table.stream_arn
        self.register_outputs({"arn": self.arn})


def _failed_index() -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    """Sparse: only records that have a `failed_key` are in it. Each key's tasks lie in their original order."""
    return {
        "name": INDEX,
        "key_schemas": [
            {"attribute_name": "failed_key", "key_type": "HASH"},
            {"attribute_name": "sequence_number", "key_type": "RANGE"},
        ],
        "projection_type": "INCLUDE",
        "non_key_attributes": list(INDEXED),
    }


def _list_index(name: str) -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    """In the order of acceptance. Keys alone: what becomes of a task is read from its record."""
    return {
        "name": name,
        "key_schemas": [
            {"attribute_name": HASH_KEYS[name], "key_type": "HASH"},
            {"attribute_name": RANGE_KEY, "key_type": "RANGE"},
        ],
        "projection_type": "KEYS_ONLY",
    }
