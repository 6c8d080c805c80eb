"""The OpenAPI document with API Gateway's extensions: which function serves an operation, and who has to sign."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.api.access import JWT, SIGNATURE, Access
from functions.api.document.openapi import Document, openapi_document
from infrastructure.api.address_policy import address_policy
from infrastructure.api.gateway_responses import gateway_responses

# The gateway checks parameters, the validator checks bodies: the gateway's own message about an invalid body does not
# name the field (docs/decisions/0004-bodies-are-validated-in-the-function.md).
_VALIDATOR = "parameters"
_AUTHORIZATIONS = {SIGNATURE: "AWS_IAM", JWT: "COGNITO_USER_POOLS"}
_ANY_RESPONSE = {"200": {"description": "What the function responds."}}
_NO_CONTENT = {"204": {"description": "What other origins may do."}}
_NOT_ALLOWED = {"405": {"description": "The path does not take this method."}}


def gateway_document(
    invoke_arns: Mapping[str, str],
    others: str,
    access: Access,
    cors_origins: Sequence[str] = (),
    allowed_addresses: Sequence[str] = (),
    user_pools: Sequence[str] = (),
    token_scopes: Sequence[str] = (),
) -> Document:
    """The document for a stage; `invoke_arns` by `operationId`, `others` serves preflights and 405.

    With `allowed_addresses`, its resource policy refuses all others. The policy is a part of the document because it
    would be lost otherwise: an API that gets a new document loses a policy that was attached beside it.

    Tokens are those of `user_pools`; with `token_scopes`, access tokens that have one of them.
    """
    routes = _with_tokens(_routes_of(openapi_document(access)), user_pools, token_scopes)
    document = with_extensions(routes, invoke_arns, others, cors_origins)
    if not allowed_addresses:
        return document
    return {**document, "x-amazon-apigateway-policy": address_policy(allowed_addresses)}


def _routes_of(document: Document) -> Document:
    """What API Gateway reads of the document: paths, parameters and who may call; and who an operation is for.

    It would make models of the schemas, which nothing uses here, and refuses some: it knows no `additionalProperties`
    in a response, and no response that is a plain string.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    """
    return {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": document["info"]["version"]},
        "paths": {
            path: {method: _route_of(operation) for method, operation in operations.items()}
            for path, operations in document["paths"].items()
        },
        "components": {"securitySchemes": document["components"].get("securitySchemes", {})},
    }


def _route_of(operation: Document) -> Document:
    parameters = [
        {"name": one["name"], "in": one["in"], "required": one["required"], "schema": {"type": "string"}}
        for one in operation.get("parameters", [])
    ]
    return {
        "operationId": operation["operationId"],
        "tags": operation["tags"],
        "parameters": parameters,
        "responses": _ANY_RESPONSE,
        "security": operation["security"],
    }


def _with_tokens(document: Document, user_pools: Sequence[str], scopes: Sequence[str]) -> Document:
    """The document with the gateway's own authorizer, where operations require a token. In place.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html
    """
    schemes = document["components"]["securitySchemes"]
    if JWT in schemes:
        schemes[JWT] = {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": list(user_pools)},
        }
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["security"] = [
                    {name: list(scopes) if name == JWT else [] for name in needed} for needed in operation["security"]
                ]
    return document


def with_extensions(
    document: Document, invoke_arns: Mapping[str, str], others: str, cors_origins: Sequence[str]
) -> Document:
    """Complete the document in place, and return it.

    HEAD is served like GET, under the same conditions. Each path also takes OPTIONS and any other method, and responds
    with 204 and 405: the gateway itself would respond with 403, as it does for a path that does not exist. These two
    are open: a browser's preflight carries neither key nor signature, and neither reaches a function that could do
    anything.
    """
    for operations in document["paths"].values():
        for operation in operations.values():
            _integrate(operation, invoke_arns[operation["operationId"]])
        parameters = [one for one in next(iter(operations.values())).get("parameters", []) if one["in"] == "path"]
        if "get" in operations:
            operations["head"] = _head(operations["get"])
        operations["options"] = _open(others, parameters, _NO_CONTENT)
        operations["x-amazon-apigateway-any-method"] = _open(others, parameters, _NOT_ALLOWED)
    schemes = document["components"].get("securitySchemes", {})
    if SIGNATURE in schemes:
        schemes[SIGNATURE] = {**schemes[SIGNATURE], "x-amazon-apigateway-authtype": "awsSigv4"}
    return {
        **document,
        "x-amazon-apigateway-api-key-source": "HEADER",
        "x-amazon-apigateway-request-validators": {
            _VALIDATOR: {"validateRequestParameters": True, "validateRequestBody": False}
        },
        "x-amazon-apigateway-request-validator": _VALIDATOR,
        "x-amazon-apigateway-gateway-responses": gateway_responses(cors_origins),
    }


def _integrate(operation: Document, invoke_arn: str) -> None:
    operation["x-amazon-apigateway-integration"] = _proxy(invoke_arn)
    needed = {scheme for needed in operation["security"] for scheme in needed}
    kind = next((kind for scheme, kind in _AUTHORIZATIONS.items() if scheme in needed), "NONE")
    operation["x-amazon-apigateway-auth"] = {"type": kind}


def _head(get: Document) -> Document:
    return {**get, "operationId": f"{get['operationId']}_head"}


def _open(invoke_arn: str, parameters: list[Any], responses: Document) -> Document:
    operation: Document = {"parameters": parameters, "responses": responses, "security": []}
    _integrate(operation, invoke_arn)
    return operation


def _proxy(invoke_arn: str) -> dict[str, Any]:
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": invoke_arn,
        "passthroughBehavior": "when_no_match",
    }
