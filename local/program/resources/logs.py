"""CloudWatch log groups, and the queries that are saved for them."""

from __future__ import annotations

import contextlib

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, keep


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


def _ensure_query(_context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    return ProvisionedResource(f"query/{inputs['name']}", {"queryDefinitionId": f"query/{inputs['name']}"})


_NO_QUERIES = "the emulator keeps no saved queries: the output log_queries has what links are made of"

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
    ResourceHandler(
        type="aws:cloudwatch/queryDefinition:QueryDefinition",
        applies=frozenset({"name"}),
        ensure=_ensure_query,
        remove=keep,
        ignores={"queryString": _NO_QUERIES, "logGroupNames": _NO_QUERIES},
    ),
)
