"""Provider functions that a program may call: where it runs, and which parameters there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.host.errors import LaptopError
from local.program.resources.handler import Inputs, ProvisioningContext


def call(context: ProvisioningContext, token: str, arguments: Inputs) -> dict[str, Any]:
    """The result of `aws:index/getRegion:getRegion` and the like; an unknown one raises `LaptopError`."""
    function = FUNCTIONS.get(token.rpartition(":")[0])
    if function is None:
        raise LaptopError(
            f"The laptop edition does not know provider function {token}.",
            "Add it to FUNCTIONS in local/program/invokes.py.",
        )
    return function(context, arguments)


def _caller_identity(context: ProvisioningContext, _arguments: Inputs) -> dict[str, Any]:
    identity = context.clients.sts.get_caller_identity()
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "userId": identity["UserId"], "id": account}


def _region(context: ProvisioningContext, arguments: Inputs) -> dict[str, Any]:
    region = arguments.get("region") or arguments.get("name") or context.region
    return {"id": region, "name": region, "region": region, "description": region, "endpoint": ""}


def _partition(_context: ProvisioningContext, _arguments: Inputs) -> dict[str, Any]:
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _parameters_by_path(context: ProvisioningContext, arguments: Inputs) -> dict[str, Any]:
    """Their names only: no program on the laptop reads values or types of parameters this way."""
    pages = context.clients.get("ssm").get_paginator("get_parameters_by_path")
    path = arguments["path"]
    found = [one["Name"] for page in pages.paginate(Path=path, WithDecryption=False) for one in page["Parameters"]]
    return {"id": path, "path": path, "names": found, "arns": [], "types": [], "values": []}


FUNCTIONS: dict[str, Callable[[ProvisioningContext, Inputs], dict[str, Any]]] = {
    "aws:index/getCallerIdentity": _caller_identity,
    "aws:index/getRegion": _region,
    "aws:index/getPartition": _partition,
    "aws:ssm/getParametersByPath": _parameters_by_path,
}
