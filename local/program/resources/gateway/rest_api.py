"""REST APIs, from their OpenAPI body.

The emulator keeps the API itself, whose id is part of the ARNs of its stages. The front door serves what the body
defines, so no resources or methods are created on the emulator.
"""

from __future__ import annotations

from typing import Any

from local.program.declarations import openapi
from local.program.declarations.gateway import ApiDeclaration
from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, section

EMPTY_DOCUMENT = '{"openapi": "3.0.1", "paths": {}}'


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    api = openapi.parse(inputs.get("body") or EMPTY_DOCUMENT)
    existing = _find(context, inputs["name"])
    if existing is None:
        existing = context.clients.apigateway.create_rest_api(**_request(inputs))
    least = inputs.get("minimumCompressionSize")
    declared = ApiDeclaration(id=existing["id"], api=api, compress_from=None if least is None else int(least))
    context.deployed.gateway.apis.append(declared)
    return ProvisionedResource(existing["id"], _outputs(context, existing["id"]))


def _find(context: ProvisioningContext, name: str) -> Any:
    apis = context.clients.apigateway.get_rest_apis(limit=500)["items"]
    return next((api for api in apis if api.get("name") == name), None)


def _request(inputs: Inputs) -> dict[str, Any]:
    return {
        "name": inputs["name"],
        "description": inputs.get("description", ""),
        "endpointConfiguration": {"types": [section(inputs, "endpointConfiguration").get("types", "REGIONAL")]},
    }


def _outputs(context: ProvisioningContext, api_id: str) -> dict[str, Any]:
    resources: Any = context.clients.apigateway.get_resources(restApiId=api_id, limit=500)["items"]
    return {
        "arn": f"arn:aws:apigateway:{context.region}::/restapis/{api_id}",
        "executionArn": context.arn("execute-api", api_id),
        "rootResourceId": next(item["id"] for item in resources if item.get("path") == "/"),
    }


def _remove(context: ProvisioningContext, api_id: str) -> None:
    client = context.clients.apigateway
    try:
        client.delete_rest_api(restApiId=api_id)
    except client.exceptions.NotFoundException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:apigateway/restApi:RestApi",
        applies=frozenset({"name", "body", "description", "endpointConfiguration.types", "minimumCompressionSize"}),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "failOnWarnings": "a part of the body that is not understood is always an error",
            "putRestApiMode": "the body always replaces the previous one",
            "disableExecuteApiEndpoint": "the front door is the only endpoint",
        },
    ),
)
