"""DynamoDB tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.host.errors import LaptopError
from local.program.resources.handler import (
    Inputs,
    ProvisionedResource,
    ProvisioningContext,
    ResourceHandler,
    section,
    sections,
)

TTL_ON = ("ENABLED", "ENABLING")


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    name = inputs["name"]
    table = _describe(context, name)
    if table is None:
        context.clients.dynamodb.create_table(**_creation(inputs))
    else:
        _reject_other_keys(name, inputs, table)
        for change in _changes(inputs, table):
            context.clients.dynamodb.update_table(TableName=name, **change)
    _set_ttl(context, name, section(inputs, "ttl"))
    _set_recovery(context, name, section(inputs, "pointInTimeRecovery"))
    table = _describe(context, name) or {}
    outputs = {
        "arn": table["TableArn"],
        "name": name,
        "streamArn": table.get("LatestStreamArn", ""),
        "streamLabel": table.get("LatestStreamLabel", ""),
    }
    return ProvisionedResource(name, outputs)


def _describe(context: ProvisioningContext, name: str) -> Mapping[str, Any] | None:
    client = context.clients.dynamodb
    try:
        return client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException:
        return None


def _creation(inputs: Inputs) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TableName": inputs["name"],
        "AttributeDefinitions": _attributes(inputs),
        "KeySchema": _key_schema(inputs),
        "BillingMode": inputs.get("billingMode", "PROVISIONED"),
        "StreamSpecification": _stream(inputs),
        "DeletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
    }
    encryption = section(inputs, "serverSideEncryption")
    if encryption.get("enabled"):
        request["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
    indexes = [_index(index) for index in sections(inputs, "globalSecondaryIndexes")]
    if indexes:
        request["GlobalSecondaryIndexes"] = indexes
    return request


def _attributes(inputs: Inputs) -> list[dict[str, str]]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]]


def _key_schema(inputs: Inputs) -> list[dict[str, str]]:
    keys = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": inputs[key], "KeyType": kind} for key, kind in keys if inputs.get(key)]


def _stream(inputs: Inputs) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    schema = [
        {"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in sections(index, "keySchemas")
    ]
    return {"IndexName": index["name"], "KeySchema": schema or _key_schema(index), "Projection": projection}


def _reject_other_keys(name: str, inputs: Inputs, table: Mapping[str, Any]) -> None:
    if table["KeySchema"] != _key_schema(inputs):
        raise LaptopError(
            f"Table {name} already exists with other keys, and the keys of a table cannot be changed.",
            "Start empty with `make run FRESH=1`.",
        )


def _changes(inputs: Inputs, table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The updates that bring an existing table to the declared state, one request each, as DynamoDB requires."""
    protection = inputs.get("deletionProtectionEnabled", False)
    if table.get("DeletionProtectionEnabled", False) != protection:
        yield {"DeletionProtectionEnabled": protection}
    stream = _stream(inputs)
    if (table.get("StreamSpecification") or {"StreamEnabled": False}) != stream:
        yield {"StreamSpecification": stream}
    indexes = sections(table, "GlobalSecondaryIndexes")
    existing = {index["IndexName"] for index in indexes}
    wanted = {index["name"]: index for index in sections(inputs, "globalSecondaryIndexes")}
    for name in sorted(existing - wanted.keys()):
        yield {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
    for name in sorted(wanted.keys() - existing):
        create = {"Create": _index(wanted[name])}
        yield {"AttributeDefinitions": _attributes(inputs), "GlobalSecondaryIndexUpdates": [create]}


def _set_ttl(context: ProvisioningContext, name: str, ttl: Mapping[str, Any]) -> None:
    client = context.clients.dynamodb
    current = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    enabled = bool(ttl) and ttl.get("enabled", True)
    if enabled != (current.get("TimeToLiveStatus") in TTL_ON):
        attribute = ttl.get("attributeName") or current.get("AttributeName", "")
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute}
        )


def _set_recovery(context: ProvisioningContext, name: str, recovery: Mapping[str, Any]) -> None:
    context.clients.dynamodb.update_continuous_backups(
        TableName=name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": bool(recovery.get("enabled"))},
    )


def _remove(context: ProvisioningContext, name: str) -> None:
    client = context.clients.dynamodb
    try:
        client.update_table(TableName=name, DeletionProtectionEnabled=False)
        client.delete_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:dynamodb/table:Table",
        applies=frozenset(
            {
                "name",
                "attributes",
                "billingMode",
                "deletionProtectionEnabled",
                "globalSecondaryIndexes.name",
                "globalSecondaryIndexes.hashKey",
                "globalSecondaryIndexes.rangeKey",
                "globalSecondaryIndexes.keySchemas",
                "globalSecondaryIndexes.projectionType",
                "globalSecondaryIndexes.nonKeyAttributes",
                "hashKey",
                "rangeKey",
                "pointInTimeRecovery.enabled",
                "serverSideEncryption.enabled",
                "streamEnabled",
                "streamViewType",
                "ttl",
            }
        ),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "serverSideEncryption.kmsKeyArn": "the emulator encrypts nothing at rest",
            "pointInTimeRecovery.recoveryPeriodInDays": "the emulator cannot restore to a point in time",
        },
    ),
)
