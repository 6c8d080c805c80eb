"""An OpenAPI document becomes an API's methods; what is not understood is an error, never left out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from local.errors import LaptopError
from local.provisioner import openapi

URI = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/f/invocations"
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "t", "version": "1"},
    "x-amazon-apigateway-request-validators": {"params": {"validateRequestParameters": True}},
    "x-amazon-apigateway-request-validator": "params",
    "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"statusCode": 400}},
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
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "passthroughBehavior": "when_no_match",
                    "requestTemplates": {"application/json": '{"statusCode": 204}'},
                    "responses": {"default": {"statusCode": "204"}},
                },
            },
            "x-amazon-apigateway-any-method": {
                "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": URI}
            },
        }
    },
}


def test_a_document_becomes_methods_models_and_responses() -> None:
    api = openapi.parse(json.dumps(DOCUMENT))
    post, options, any_method = sorted(api.methods, key=lambda method: ["POST", "OPTIONS", "ANY"].index(method.verb))
    assert post.parameters == {"method.request.path.id": True, "method.request.querystring.limit": False}
    assert post.models["application/json"] == "Task"
    assert api.models[post.models["text/plain"]] == {"type": "string"}, "a schema in place becomes a model"
    assert post.integration == {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": URI}
    assert post.responses == {"202": {}, "400": {"method.response.header.Retry-After": False}}
    assert (post.validator, post.api_key_required, post.operation) == ("params", True, "submit")
    assert options.integration["passthroughBehavior"] == "WHEN_NO_MATCH"
    assert options.integration_responses == {"default": {"statusCode": "204"}}
    assert (options.responses, options.api_key_required) == ({"204": {}}, False)
    assert any_method.path == "/tasks/{id}"
    assert {method.authorization for method in api.methods} == {"NONE"}
    assert api.gateway_responses == {"DEFAULT_4XX": {"statusCode": 400}}


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ((), "x-amazon-apigateway-policy", {}),
        ((), "openapi", "3.1.0"),
        (("paths", "/tasks/{id}", "post"), "x-amazon-apigateway-auth", {"type": "CUSTOM"}),
        (("components",), "callbacks", {}),
        (("components", "securitySchemes", "key"), "type", "oauth2"),
        (("paths", "/tasks/{id}"), "trace", {}),
        (("paths", "/tasks/{id}", "post"), "callbacks", {}),
        (("paths", "/tasks/{id}", "post", "parameters", 0), "in", "cookie"),
        (("paths", "/tasks/{id}", "post", "x-amazon-apigateway-integration"), "type", "http"),
        (("paths", "/tasks/{id}", "post", "x-amazon-apigateway-integration"), "tlsConfig", {}),
    ],
)
def test_what_is_not_understood_is_an_error(where: tuple[Any, ...], key: str, value: object) -> None:
    document = copy.deepcopy(DOCUMENT)
    target = document
    for part in where:
        target = target[part]
    target[key] = value
    with pytest.raises(LaptopError, match="does not understand"):
        openapi.parse(json.dumps(document))


def test_a_method_without_an_integration_is_an_error() -> None:
    document = copy.deepcopy(DOCUMENT)
    del document["paths"]["/tasks/{id}"]["options"]["x-amazon-apigateway-integration"]
    with pytest.raises(LaptopError, match=r"OPTIONS /tasks/\{id\} has no x-amazon-apigateway-integration"):
        openapi.parse(json.dumps(document))


def test_a_signature_is_no_api_key() -> None:
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
    assert (method.authorization, method.api_key_required) == ("AWS_IAM", False)
