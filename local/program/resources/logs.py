"""CloudWatch log groups."""

from __future__ import annotations

import contextlib

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    logs, name = context.clients.logs, inputs["name"]
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=name)
    if inputs.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
    return ProvisionedResource(name, {"arn": context.arn("logs", f"log-group:{name}"), "name": name})


def _remove(context: ProvisioningContext, name: str) -> None:
    logs = context.clients.logs
    try:
        logs.delete_log_group(logGroupName=name)
    except logs.exceptions.ResourceNotFoundException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:cloudwatch/logGroup:LogGroup",
        applies=frozenset({"name", "retentionInDays"}),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "skipDestroy": "a log group that is no longer declared is removed, on purpose",
            "kmsKeyId": "the emulator encrypts nothing at rest",
            "logGroupClass": "classes differ only in price",
        },
    ),
)
