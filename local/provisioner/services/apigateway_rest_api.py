"""REST APIs, from their OpenAPI body."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from local.provisioner import openapi
from local.provisioner.model import Context, Handler, Inputs, Made, section

# Says which body the API's resources were made from, so that an unchanged one is not taken apart and rebuilt.
DIGEST_TAG = "taskline:body-digest"


def _ensure(context: Context, inputs: Inputs) -> Made:
    client = context.clients.apigateway
    api = openapi.parse(inputs.get("body") or '{"openapi": "3.0.1", "paths": {}}')
    context.deployed.keyed |= any(method.api_key_required for method in api.methods)
    if inputs.get("minimumCompressionSize") is not None:
        context.deployed.compression = int(inputs["minimumCompressionSize"])
    digest = _digest(inputs)
    existing = _find(context, inputs["name"])
    if existing is None:
        existing = client.create_rest_api(**_request(inputs, api))
    if (existing.get("tags") or {}).get(DIGEST_TAG) != digest:
        _Rebuild(context, existing["id"]).run(api)
        client.tag_resource(resourceArn=_arn(context, existing["id"]), tags={DIGEST_TAG: digest})
    return Made(existing["id"], _outputs(context, existing["id"]))


def _find(context: Context, name: str) -> Any:
    apis = context.clients.apigateway.get_rest_apis(limit=500)["items"]
    return next((api for api in apis if api.get("name") == name), None)


def _request(inputs: Inputs, api: openapi.Api) -> dict[str, Any]:
    request: dict[str, Any] = {"name": inputs["name"], "description": inputs.get("description", "")}
    media_types = inputs.get("binaryMediaTypes") or api.binary_media_types
    optional = {
        "binaryMediaTypes": media_types,
        "apiKeySource": inputs.get("apiKeySource"),
        "endpointConfiguration": {"types": [section(inputs, "endpointConfiguration").get("types", "REGIONAL")]},
    }
    return request | {key: value for key, value in optional.items() if value}


def _digest(inputs: Inputs) -> str:
    relevant = {key: inputs.get(key) for key in sorted(BODY_PROPERTIES)}
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def _outputs(context: Context, api_id: str) -> dict[str, Any]:
    return {
        "arn": _arn(context, api_id),
        "executionArn": context.arn("execute-api", api_id),
        "rootResourceId": _root(context, api_id)["id"],
    }


def _arn(context: Context, api_id: str) -> str:
    return f"arn:aws:apigateway:{context.region}::/restapis/{api_id}"


def _root(context: Context, api_id: str) -> Any:
    items = context.clients.apigateway.get_resources(restApiId=api_id, limit=500)["items"]
    return next(item for item in items if item.get("path") == "/")


class _Rebuild:
    """Takes the API's resources, models, validators and gateway responses apart and makes them anew."""

    def __init__(self, context: Context, api_id: str) -> None:
        self._client: Any = context.clients.apigateway  # its type marks every field of every answer as optional
        self._id = api_id
        self._root = _root(context, api_id)["id"]
        self._resources = {"/": self._root}
        self._validators: dict[str, str] = {}

    def run(self, api: openapi.Api) -> None:
        self._clear()
        for name, schema in api.models.items():
            self._client.create_model(
                restApiId=self._id, name=name, contentType="application/json", schema=self._schema(schema)
            )
        for name, settings in api.validators.items():
            made = self._client.create_request_validator(restApiId=self._id, name=name, **settings)
            self._validators[name] = made["id"]
        for method in api.methods:
            self._put(method)
        for response_type, settings in api.gateway_responses.items():
            self._put_gateway_response(response_type, settings)

    def _clear(self) -> None:
        client, api = self._client, self._id
        for resource in client.get_resources(restApiId=api, limit=500)["items"]:
            if resource.get("id") != self._root:
                client.delete_resource(restApiId=api, resourceId=resource["id"])
            else:
                for verb in resource.get("resourceMethods", {}):
                    client.delete_method(restApiId=api, resourceId=self._root, httpMethod=verb)
        for model in client.get_models(restApiId=api, limit=500)["items"]:
            client.delete_model(restApiId=api, modelName=model["name"])
        for validator in client.get_request_validators(restApiId=api, limit=500)["items"]:
            client.delete_request_validator(restApiId=api, requestValidatorId=validator["id"])
        for response in client.get_gateway_responses(restApiId=api)["items"]:
            if not response.get("defaultResponse", True):
                client.delete_gateway_response(restApiId=api, responseType=response["responseType"])

    def _put(self, method: openapi.Method) -> None:
        client = self._client
        target: Any = {
            "restApiId": self._id,
            "resourceId": self._resource(method.path),
            "httpMethod": method.verb,
        }
        validator = {"requestValidatorId": self._validators[method.validator]} if method.validator else {}
        client.put_method(
            **target,
            **validator,
            authorizationType=method.authorization,
            apiKeyRequired=method.api_key_required,
            operationName=method.operation,
            requestParameters=method.parameters,
            requestModels=method.models,
        )
        client.put_integration(**target, **method.integration)
        for status, headers in method.responses.items():
            client.put_method_response(**target, statusCode=status, responseParameters=headers)
        for pattern, response in method.integration_responses.items():
            selection = {} if pattern == "default" else {"selectionPattern": pattern}
            client.put_integration_response(
                **target,
                **selection,
                statusCode=str(response["statusCode"]),
                responseParameters=response.get("responseParameters", {}),
                responseTemplates=response.get("responseTemplates", {}),
            )

    def _resource(self, path: str) -> str:
        """The id of the path's resource, which is made with all above it when it is not there yet."""
        if path not in self._resources:
            parent, _, part = path.rstrip("/").rpartition("/")
            made = self._client.create_resource(
                restApiId=self._id, parentId=self._resource(parent or "/"), pathPart=part
            )
            self._resources[path] = made["id"]
        return self._resources[path]

    def _schema(self, schema: Mapping[str, Any]) -> str:
        """Inside a model, another model is named by its full address."""
        models = f"https://apigateway.amazonaws.com/restapis/{self._id}/models/"
        return json.dumps(schema).replace(f'"{openapi.SCHEMA_REFERENCE}', f'"{models}')

    def _put_gateway_response(self, response_type: str, settings: Mapping[str, Any]) -> None:
        status = {"statusCode": str(settings["statusCode"])} if settings.get("statusCode") else {}
        self._client.put_gateway_response(
            restApiId=self._id,
            responseType=response_type,
            responseParameters=settings.get("responseParameters", {}),
            responseTemplates=settings.get("responseTemplates", {}),
            **status,
        )


def _remove(context: Context, api_id: str) -> None:
    client = context.clients.apigateway
    try:
        client.delete_rest_api(restApiId=api_id)
    except client.exceptions.NotFoundException:
        return


BODY_PROPERTIES = {"name", "body"}

HANDLERS = (
    Handler(
        type="aws:apigateway/restApi:RestApi",
        applies=frozenset(
            {
                "name",
                "body",
                "description",
                "binaryMediaTypes",
                "apiKeySource",
                "endpointConfiguration.types",
                "minimumCompressionSize",
            }
        ),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "failOnWarnings": "what is not understood in the body is always an error",
            "putRestApiMode": "the body always replaces what was there",
            "disableExecuteApiEndpoint": "the front door is the only way in",
        },
    ),
)
