"""The REST API: its document with the gateway's extensions, its own errors, its stage."""

import importlib
import json
import re
from typing import Any

import pytest

from functions.api.access import Access
from functions.api.document.openapi import openapi_document
from infrastructure.api.access_log import line_format
from infrastructure.api.document import gateway_document
from tests.infrastructure.recording import Resource, Stack, arn

# Every kind of error that the gateway itself returns, and its status:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
# For the gateway, a path that does not exist is a missing token; for a client it is 404.
STATUSES = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "DEFAULT_4XX": 403,
    "DEFAULT_5XX": 500,
    "EXPIRED_TOKEN": 403,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 403,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}


@pytest.fixture(scope="module")
def api(stack: Stack) -> Resource:
    return stack.one("aws:apigateway/restApi:RestApi", "api-rest-api")


@pytest.fixture(scope="module")
def body(api: Resource) -> dict[str, Any]:
    return api.json("body")


def integrations(body: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation["x-amazon-apigateway-integration"])
        for path, operations in body["paths"].items()
        for method, operation in operations.items()
    ]


def function_of(integration: dict[str, Any]) -> str:
    (name,) = re.findall(r"function:([\w-]+):live/invocations$", integration["uri"])
    return name


def test_the_api_is_regional(api: Resource) -> None:
    assert api.inputs["endpointConfiguration"] == {"types": "REGIONAL"}


def test_long_responses_are_compressed(api: Resource) -> None:
    assert api.inputs["minimumCompressionSize"] == "1024"


def test_the_body_is_the_documented_api_with_every_method_of_every_path(body: dict[str, Any]) -> None:
    documented = openapi_document(Access(api_key=True))
    assert body["paths"].keys() == documented["paths"].keys()
    for path, operations in documented["paths"].items():
        served = {method: one for method, one in body["paths"][path].items() if not method.startswith("x-amazon-")}
        assert served.pop("options")["security"] == [], "a preflight carries no credentials"
        if head := served.pop("head", None):
            assert head | {"operationId": ""} == served["get"] | {"operationId": ""}, "HEAD needs what GET needs"
        assert served.keys() == operations.keys()
        for method, operation in operations.items():
            assert served[method]["operationId"] == operation["operationId"]
            assert served[method]["security"] == operation["security"], f"{method} {path}"
            assert parameters(served[method]) == parameters(operation), f"{method} {path}"


def parameters(operation: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(one["name"], one["in"], one["required"]) for one in operation.get("parameters", [])]


def test_the_gateway_gets_nothing_that_it_would_make_a_model_of(body: dict[str, Any]) -> None:
    assert body["components"].keys() == {"securitySchemes"}
    text = json.dumps(body)
    for word in ("$ref", "requestBody", "additionalProperties", 'application/problem+json": {"schema'):
        assert word not in text, word


def test_each_operation_is_served_by_the_function_that_has_its_route(stack: Stack, body: dict[str, Any]) -> None:
    by_name = {
        one.inputs["name"]: importlib.import_module(one.inputs["handler"].removesuffix(".handler"))
        for one in stack.all("aws:lambda/function:Function")
    }
    served = 0
    for path, method, integration in integrations(body):
        name = function_of(integration)
        if method in METHODS - {"options"}:
            route = ("GET" if method == "head" else method.upper(), path)
            assert route in by_name[name].ROUTES, f"{method} {path} is sent to {name}"
            served += method != "head"
        else:
            assert name == "taskline-dev-documents", "it knows all methods of a path, and can do nothing"
    assert served == len([one for path in openapi_document()["paths"].values() for one in path])


def test_every_path_takes_any_other_method_and_responds_with_405(body: dict[str, Any]) -> None:
    for path, operations in body["paths"].items():
        for method in ("options", "x-amazon-apigateway-any-method"):
            declared = [parameter["name"] for parameter in operations[method]["parameters"]]
            assert declared == re.findall(r"{(\w+)}", path), "the gateway requires the path's parameters here, too"
        assert list(operations["x-amazon-apigateway-any-method"]["responses"]) == ["405"], path
        assert list(operations["options"]["responses"]) == ["204"], path


def test_functions_get_the_whole_request(body: dict[str, Any]) -> None:
    for path, method, integration in integrations(body):
        assert integration["type"] == "aws_proxy", f"{method} {path}"
        assert integration["httpMethod"] == "POST", "Lambda is invoked by POST, whatever the client's method"
        assert integration["uri"].startswith(
            "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:"
        )


def test_the_gateway_checks_parameters(body: dict[str, Any]) -> None:
    validators = body["x-amazon-apigateway-request-validators"]
    assert validators[body["x-amazon-apigateway-request-validator"]]["validateRequestParameters"] is True


def test_the_gateways_own_errors_are_all_covered(body: dict[str, Any]) -> None:
    responses = body["x-amazon-apigateway-gateway-responses"]
    assert {name: int(response["statusCode"]) for name, response in responses.items()} == STATUSES


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("message", ["plain", 'with "quotes" and \\ and \n and ü'])
def test_a_gateway_error_is_a_problem_document(body: dict[str, Any], kind: str, message: str) -> None:
    response = body["x-amazon-apigateway-gateway-responses"][kind]
    # The gateway inserts messageString quoted and escaped.
    text = response["responseTemplates"]["application/json"].replace(
        "$context.error.messageString", json.dumps(message)
    )
    assert "$" not in text, "there is no other variable"
    problem = json.loads(text)
    assert problem["type"] == "urn:taskline:problem:" + problem["title"].lower().replace(" ", "-")
    assert problem["detail"]
    assert problem["status"] == STATUSES[kind], "the document's status is the response's"
    assert response["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
    required = openapi_document()["components"]["schemas"]["Problem"]["required"]
    assert problem.keys() >= set(required), "the document also describes the gateway's problems"


def test_the_stage_is_v1_and_traced(stack: Stack) -> None:
    stage = stack.one("aws:apigateway/stage:Stage", "api-stage")
    assert stage.inputs == {
        "stageName": "v1",
        "restApi": "api-rest-api-id",
        "deployment": "api-deployment-id",
        "accessLogSettings": {
            "destinationArn": arn("logs", "log-group:/aws/apigateway/taskline-dev-api-access"),
            "format": line_format(firewall=False),
        },
        "xrayTracingEnabled": True,
    }


def test_a_changed_document_is_deployed_again(stack: Stack, api: Resource) -> None:
    import hashlib

    deployment = stack.one("aws:apigateway/deployment:Deployment", "api-deployment")
    assert deployment.inputs["restApi"] == "api-rest-api-id"
    assert deployment.inputs["triggers"] == {"body": hashlib.sha256(api.inputs["body"].encode()).hexdigest()}


def test_the_api_is_deployed_after_it_may_call_its_functions(stack: Stack) -> None:
    deployment = stack.one("aws:apigateway/deployment:Deployment", "api-deployment")
    permissions = stack.all("aws:lambda/permission:Permission")
    of_the_api = [one for one in permissions if one.inputs["principal"] == "apigateway.amazonaws.com"]
    assert len(of_the_api) == 8
    for permission in of_the_api:
        assert deployment.depends_on(permission)


def test_an_operation_without_a_function_is_an_error() -> None:
    with pytest.raises(KeyError, match="list_tasks"):
        gateway_document({"submit_task": "x", "submit_tasks": "x", "health": "x"}, "x", Access())
