"""The task table: the record of every task, and the outbox of its changes."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from functions.adapters.task_table.failed_index import INDEX, INDEXED
from functions.adapters.task_table.indexes import HASH_KEYS, RANGE_KEY
from infrastructure.blocks import encryption
from infrastructure.blocks.component import Component
from infrastructure.blocks.location import Location
from infrastructure.blocks.refs import TableRef

_KEYS = ("task_id", "failed_key", "sequence_number", *HASH_KEYS.values(), RANGE_KEY)


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """`protect` makes the table reject its deletion."""

    location: Location
    protect: bool


class Table(Component):
    """On demand, restorable to any second of the last 35 days, with expiry and a stream of changes.

    DynamoDB encrypts every table, with a key of its own unless told otherwise; that one costs nothing per request.

    Public: `ref`.
    """

    ref: TableRef

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:pipeline:Table", name, opts)
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=args.location.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="task_id",
            attributes=[{"name": key, "type": "S"} for key in _KEYS],
            global_secondary_indexes=[_failed_index(), *(_list_index(index) for index in HASH_KEYS)],
            ttl={"attribute_name": "expires_at", "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption=encryption.of_table(args.location),
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            deletion_protection_enabled=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.ref = TableRef(
            name=table.name,
            arn=table.arn,
            failed_index_arn=_index_arn(table, INDEX),
            list_index_arns=tuple(_index_arn(table, index) for index in HASH_KEYS),
            stream_arn=table.stream_arn,
        )
        self.register_outputs({"arn": table.arn})


def _index_arn(table: aws.dynamodb.Table, index: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(table.arn, f"/index/{index}")


def _failed_index() -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    """Sparse: it holds only records with a `failed_key`. The tasks of each key are in their original order."""
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
    """In the order of acceptance. Keys only: everything else about a task is read from its record."""
    return {
        "name": name,
        "key_schemas": [
            {"attribute_name": HASH_KEYS[name], "key_type": "HASH"},
            {"attribute_name": RANGE_KEY, "key_type": "RANGE"},
        ],
        "projection_type": "KEYS_ONLY",
    }
