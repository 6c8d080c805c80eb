"""An OpenAPI document becomes the methods of an API; what is not understood is an error, never ignored."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from local.host.errors import LaptopError
from local.program.declarations import openapi

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:taskline-dev-f"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "t", "version": "1"},
    "x-amazon-apigateway-request-validators": {
        "params": {"validateRequestParameters": True, "validateRequestBody": False},
        "nothing": {},
        "bodies": {"validateRequestBody": True},
    },
    "x-amazon-apigateway-request-validator": "params",
    "x-amazon-apigateway-api-key-source": "HEADER",
    "x-amazon-apigateway-gateway-responses": {
        "DEFAULT_4XX": {"statusCode": 400},
        "THROTTLED": {
            "statusCode": "429",
            "responseParameters": {
                "gatewayresponse.header.Content-Type": "'text/plain'",
                "gatewayresponse.header.Vary": "method.request.header.origin",
            },
            "responseTemplates": {"application/json": "$context.error.message"},
        },
    },
    "security": [{"key": []}],
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        "schemas": {"Task": {"type": "object"}},
        "parameters": {"Id": {"name": "id", "in": "path", "required": True}},
        "responses": {"Bad": {"description": "bad", "headers": {"Retry-After": {}}}},
    },
    "paths": {
        "/tasks/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "post": {
                "operationId": "submit",
                "parameters": [{"name": "limit", "in": "query"}],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Task"}},
                        "text/plain": {"schema": {"type": "string"}},
                    }
                },
                "responses": {"202": {"description": "ok"}, "400": {"$ref": "#/components/responses/Bad"}},
                "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": URI},
            },
            "options": {
                "security": [],
                "parameters": [{"name": "limit", "in": "query", "required": True}],
                "x-amazon-apigateway-request-validator": "nothing",
                "x-amazon-apigateway-integration": {
                    "type": "aws_proxy",
                    "httpMethod": "POST",
                    "uri": URI,
                    "passthroughBehavior": "when_no_match",
                    "timeoutInMillis": 1500,
                },
            },
            "x-amazon-apigateway-any-method": {
                "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": URI}
            },
        }
    },
}


def parse(**changes: Any) -> openapi.DeclaredApi:
    return openapi.parse(json.dumps({**DOCUMENT, **changes}))


def test_a_document_becomes_methods_and_their_functions() -> None:
    post, options, any_method = sorted(
        parse().methods, key=lambda method: ["POST", "OPTIONS", "ANY"].index(method.verb)
    )
    assert {method.path for method in (post, options, any_method)} == {"/tasks/{id}"}
    assert {method.function for method in (post, options, any_method)} == {"taskline-dev-f"}
    assert (post.api_key_required, options.api_key_required, any_method.api_key_required) == (True, False, True)
    assert post.required == any_method.required == (("path", "id"),), "optional parameters are not required"
    assert options.required == (), "a validator that checks nothing"
    assert (post.seconds, options.seconds) == (29.0, 1.5)
    assert not any(method.signed for method in (post, options, any_method))


def test_an_operation_s_parameters_override_those_of_its_path() -> None:
    document = copy.deepcopy(DOCUMENT)
    item = document["paths"]["/tasks/{id}"]
    item["parameters"].append({"name": "limit", "in": "query", "required": True})
    item["post"]["parameters"] = [
        {"name": "limit", "in": "query"},
        {"name": "X-Who", "in": "header", "required": True},
    ]
    (post,) = [one for one in openapi.parse(json.dumps(document)).methods if one.verb == "POST"]
    assert post.required == (("path", "id"), ("header", "X-Who"))


def test_the_latest_version_of_a_function_is_the_function() -> None:
    document = copy.deepcopy(DOCUMENT)
    post = document["paths"]["/tasks/{id}"]["post"]
    post["x-amazon-apigateway-integration"]["uri"] = URI.replace("/invocations", ":$LATEST/invocations")
    assert {method.function for method in openapi.parse(json.dumps(document)).methods} == {"taskline-dev-f"}


def test_gateway_responses_are_read() -> None:
    responses = parse().responses
    assert responses.keys() == {"DEFAULT_4XX", "THROTTLED"}
    default, throttled = responses["DEFAULT_4XX"], responses["THROTTLED"]
    assert (default.status, default.template) == (400, '{"message":$context.error.messageString}')
    assert (throttled.status, throttled.template) == (429, "$context.error.message")
    assert (throttled.headers, throttled.echoed) == ({"Content-Type": "text/plain"}, {"Vary": "origin"})


POST = ("paths", "/tasks/{id}", "post")
INTEGRATION = (*POST, "x-amazon-apigateway-integration")
RESPONSES = ("x-amazon-apigateway-gateway-responses",)
THROTTLED = (*RESPONSES, "THROTTLED")


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ((), "x-amazon-apigateway-policy", {}),
        ((), "x-amazon-apigateway-policy", {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}),
        ((), "x-amazon-apigateway-binary-media-types", ["image/png"]),
        ((), "x-amazon-apigateway-api-key-source", "AUTHORIZER"),
        ((), "openapi", "3.1.0"),
        (POST, "x-amazon-apigateway-auth", {"type": "CUSTOM"}),
        (("components",), "callbacks", {}),
        (("components", "securitySchemes", "key"), "type", "oauth2"),
        (("paths", "/tasks/{id}"), "trace", {}),
        (("paths",), "/{proxy+}", {}),
        (("paths",), "/tasks/{id}.json", {}),
        (("paths",), "tasks", {}),
        (POST, "callbacks", {}),
        (POST, "x-amazon-apigateway-request-validator", "bodies"),
        ((*POST, "parameters", 0), "in", "cookie"),
        (("x-amazon-apigateway-request-validators", "params"), "validateEverything", True),
        (INTEGRATION, "type", "http"),
        (INTEGRATION, "type", "mock"),
        (INTEGRATION, "httpMethod", "GET"),
        (INTEGRATION, "credentials", "arn:aws:iam::000000000000:role/r"),
        (INTEGRATION, "requestTemplates", {}),
        (INTEGRATION, "responses", {}),
        (INTEGRATION, "tlsConfig", {}),
        (INTEGRATION, "timeoutInMillis", 30_000),
        (INTEGRATION, "timeoutInMillis", 49),
        (INTEGRATION, "uri", "arn:aws:apigateway:us-east-1:sqs:path/queue"),
        (INTEGRATION, "uri", URI.replace("/invocations", ":7/invocations")),
        (RESPONSES, "TEAPOT", {}),
        (THROTTLED, "statusText", "slow"),
        (THROTTLED, "responseParameters", {"gatewayresponse.body": "'x'"}),
        (THROTTLED, "responseParameters", {"gatewayresponse.header.X": "context.requestId"}),
        (THROTTLED, "responseTemplates", {"text/plain": "no"}),
        (THROTTLED, "responseTemplates", {"application/json": "$context.identity.sourceIp"}),
        (THROTTLED, "responseTemplates", {"application/json": "$stageVariables.x"}),
    ],
)
def test_what_is_not_understood_is_an_error(where: tuple[Any, ...], key: str, value: object) -> None:
    document = copy.deepcopy(DOCUMENT)
    target: Any = document
    for part in where:
        target = target[part]
    target[key] = value
    with pytest.raises(LaptopError, match="does not understand"):
        openapi.parse(json.dumps(document))


def test_a_validator_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LaptopError, match="validator `other`, which does not exist"):
        parse(**{"x-amazon-apigateway-request-validator": "other"})


def test_a_method_without_an_integration_is_an_error() -> None:
    document = copy.deepcopy(DOCUMENT)
    del document["paths"]["/tasks/{id}"]["options"]["x-amazon-apigateway-integration"]
    with pytest.raises(LaptopError, match=r"OPTIONS /tasks/\{id\} has no x-amazon-apigateway-integration"):
        openapi.parse(json.dumps(document))


def test_a_signature_is_not_an_api_key() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["components"]["securitySchemes"]["signature"] = {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
    post = document["paths"]["/tasks/{id}"]["post"]
    post |= {"security": [{"signature": []}], "x-amazon-apigateway-auth": {"type": "aws_iam"}}
    (method,) = [one for one in openapi.parse(json.dumps(document)).methods if one.verb == "POST"]
    assert (method.signed, method.api_key_required) == (True, False)
