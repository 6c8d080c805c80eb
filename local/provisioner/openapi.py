"""An OpenAPI 3.0 document with API Gateway's extensions, read into the resources and methods of a REST API.

On AWS the service does this when it gets the document as the API's body
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html); the emulator makes
an empty API of it. A feature that is not understood here is an error, never left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from local.errors import LaptopError

Document = Mapping[str, Any]

VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
AUTH = "x-amazon-apigateway-auth"
VALIDATOR = "x-amazon-apigateway-request-validator"
SCHEMA_REFERENCE = "#/components/schemas/"
LOCATIONS = {"query": "querystring", "header": "header", "path": "path"}

TOP = {
    *("openapi", "info", "paths", "components", "security", "servers", "tags", VALIDATOR, f"{VALIDATOR}s"),
    *("x-amazon-apigateway-gateway-responses", "x-amazon-apigateway-binary-media-types"),
    "x-amazon-apigateway-api-key-source",
}
COMPONENTS = {"schemas", "securitySchemes", "responses", "parameters", "headers", "requestBodies"}
PATH_ITEM = {*VERBS, ANY_METHOD, "parameters", "summary", "description"}
OPERATION = {
    *("operationId", "summary", "description", "tags", "parameters", "requestBody", "responses", "security"),
    *(VALIDATOR, INTEGRATION, AUTH),
}
INTEGRATION_KEYS = {
    "type",
    "httpMethod",
    "uri",
    "credentials",
    "connectionType",
    "requestParameters",
    "requestTemplates",
    "responses",
    "passthroughBehavior",
    "timeoutInMillis",
    "contentHandling",
}
INTEGRATION_TYPES = {"aws_proxy": "AWS_PROXY", "mock": "MOCK"}


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of one path, in the words of the API Gateway API. `integration` has no `responses`."""

    path: str
    verb: str
    operation: str
    authorization: str
    api_key_required: bool
    validator: str | None
    parameters: dict[str, bool]
    models: dict[str, str]
    integration: dict[str, Any]
    integration_responses: dict[str, dict[str, Any]]
    responses: dict[str, dict[str, bool]]


@dataclass(frozen=True, kw_only=True)
class Api:
    """Everything that a document says. `models` are JSON schemas by name whose references name other models."""

    methods: list[Method]
    models: dict[str, Any]
    validators: dict[str, Mapping[str, bool]]
    gateway_responses: dict[str, Mapping[str, Any]]
    binary_media_types: list[str] = field(default_factory=list[str])


def parse(body: str) -> Api:
    """Read a document (JSON), or raise `LaptopError` for what is not understood."""
    document = cast("dict[str, Any]", json.loads(body))
    if not str(document.get("openapi", "")).startswith("3.0"):
        raise _unknown("the document", f"openapi {document.get('openapi')!r}")
    _only(document, TOP, "the document")
    _only(_part(document, "components"), COMPONENTS, "components")
    models: dict[str, Any] = dict(_resolve(document, "components").get("schemas") or {})
    methods = [
        _method(document, models, path, verb, operation, item)
        for path, item in document["paths"].items()
        for verb, operation in _operations(path, item)
    ]
    return Api(
        methods=methods,
        models=models,
        validators=document.get(f"{VALIDATOR}s") or {},
        gateway_responses=document.get("x-amazon-apigateway-gateway-responses") or {},
        binary_media_types=document.get("x-amazon-apigateway-binary-media-types") or [],
    )


def _operations(path: str, item: Document) -> Iterator[tuple[str, Document]]:
    _only(item, PATH_ITEM, path)
    for verb in VERBS:
        if verb in item:
            yield verb.upper(), item[verb]
    if ANY_METHOD in item:
        yield "ANY", item[ANY_METHOD]


def _method(
    document: Document, models: dict[str, Any], path: str, verb: str, operation: Document, item: Document
) -> Method:
    where = f"{verb} {path}"
    _only(operation, OPERATION, where)
    if INTEGRATION not in operation:
        raise LaptopError(f"{where} has no {INTEGRATION}.", "Add one; API Gateway refuses the document without it.")
    integration = dict(operation[INTEGRATION])
    responses = integration.pop("responses", {})
    return Method(
        path=path,
        verb=verb,
        operation=operation.get("operationId", ""),
        authorization=_authorization(operation, where),
        api_key_required=_needs_api_key(document, operation, where),
        validator=operation.get(VALIDATOR, document.get(VALIDATOR)),
        parameters=dict(_parameters(document, [*item.get("parameters", []), *operation.get("parameters", [])])),
        models=_request_models(document, models, operation, where),
        integration=_integration(integration, where),
        integration_responses=responses,
        responses=_responses(document, operation, responses),
    )


def _integration(integration: dict[str, Any], where: str) -> dict[str, Any]:
    _only(integration, INTEGRATION_KEYS, f"{where}: {INTEGRATION}")
    kind = str(integration["type"]).lower()
    if kind not in INTEGRATION_TYPES:
        raise _unknown(where, f"integration type {kind}")
    integration["type"] = INTEGRATION_TYPES[kind]
    if "passthroughBehavior" in integration:
        integration["passthroughBehavior"] = integration["passthroughBehavior"].upper()
    if "httpMethod" in integration:
        integration["integrationHttpMethod"] = integration.pop("httpMethod")
    return integration


def _parameters(document: Document, parameters: list[Document]) -> Iterator[tuple[str, bool]]:
    for given in parameters:
        parameter = _dereference(document, given)
        location = LOCATIONS.get(parameter["in"])
        if location is None:
            raise _unknown(parameter["name"], f"a parameter in {parameter['in']}")
        yield f"method.request.{location}.{parameter['name']}", bool(parameter.get("required"))


def _request_models(document: Document, models: dict[str, Any], operation: Document, where: str) -> dict[str, str]:
    """The body's models by content type. A schema given in place becomes a model of its own, as it does on AWS."""
    body = _dereference(document, _part(operation, "requestBody"))
    chosen: dict[str, str] = {}
    for content_type, media in _part(body, "content").items():
        schema = _part(media, "schema")
        if set(schema) == {"$ref"} and schema["$ref"].startswith(SCHEMA_REFERENCE):
            chosen[content_type] = schema["$ref"].removeprefix(SCHEMA_REFERENCE)
        elif schema:
            name = "".join(filter(str.isalnum, f"{where} {content_type}".title()))
            models[name] = schema
            chosen[content_type] = name
    return chosen


def _responses(document: Document, operation: Document, integration_responses: Document) -> dict[str, dict[str, bool]]:
    """Method responses by status code, with the headers that they may carry."""
    responses: dict[str, dict[str, bool]] = {}
    for status, given in _part(operation, "responses").items():
        headers = _part(_dereference(document, given), "headers")
        responses[str(status)] = {f"method.response.header.{name}": False for name in headers}
    for response in integration_responses.values():
        responses.setdefault(str(response["statusCode"]), {})
    responses.pop("default", None)  # describes every other status; API Gateway has nothing like it
    return responses


def _authorization(operation: Document, where: str) -> str:
    kind = str(_part(operation, AUTH).get("type", "NONE")).upper()
    if kind not in ("NONE", "AWS_IAM"):
        raise _unknown(where, f"authorization {kind}")
    return kind


def _needs_api_key(document: Document, operation: Document, where: str) -> bool:
    schemes = _part(_part(document, "components"), "securitySchemes")
    needed: list[Mapping[str, Any]] = operation.get("security", document.get("security") or [])
    names = [name for requirement in needed for name in requirement if not _is_signature(_part(schemes, name))]
    for name in names:
        scheme = _part(schemes, name)
        if scheme.get("type") != "apiKey" or scheme.get("name", "").lower() != "x-api-key":
            raise _unknown(where, f"security scheme {name}")
    return bool(names)


def _is_signature(scheme: Document) -> bool:
    """Whether the scheme only says to readers what the operation's authorization says to the gateway."""
    return scheme.get("x-amazon-apigateway-authtype") == "awsSigv4"


def _part(document: Document, key: str) -> dict[str, Any]:
    return document.get(key) or {}


def _dereference(document: Document, value: Document) -> Document:
    reference = value.get("$ref")
    return _resolve(document, reference.removeprefix("#/")) if reference else value


def _resolve(document: Document, path: str) -> Document:
    value: Any = document
    for part in path.split("/"):
        value = value.get(part) or {}
    return value


def _only(value: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in value:
        if key not in known:
            raise _unknown(where, f"`{key}`")


def _unknown(where: str, what: str) -> LaptopError:
    return LaptopError(
        f"The laptop edition does not understand {what} in {where} of the OpenAPI document.",
        "Teach it in local/provisioner/openapi.py, or take it out of the document.",
    )
