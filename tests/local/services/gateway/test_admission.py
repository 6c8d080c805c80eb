"""A stage admits the callers that its document admits, within their limits."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from functions.api.access import Access
from functions.api.document.openapi import openapi_document
from infrastructure.api.document import gateway_document
from local.emulator.clients import ROOT_KEY
from local.program.declarations.gateway import Allowance, Rate
from local.services.gateway.stage import Call
from local.services.http.messages import Request
from tests.local.services.gateway.apis import (
    ACCOUNT,
    API,
    NOON,
    PARAMETERS_CHECKED,
    STAGE,
    add_client,
    credential,
    declare,
    declared,
    operation,
    outcomes,
    refusal,
    request,
    stage_of,
    throttle,
    uri,
)

KEYED = {"/tasks": {"get": operation(key=True), "post": operation(key=True)}}
SIGNED = {"/tasks": {"get": operation(signed=True)}}


def keyed(key: str | None, at: float = NOON, verb: str = "GET") -> Request:
    return request(verb, headers=[("x-api-key", key)] if key is not None else [], at=at)


def identity(call: Call) -> dict[str, Any]:
    return json.loads(call.event)["requestContext"]["identity"]


def test_a_request_calls_the_function_of_its_method() -> None:
    paths = {"/tasks/{id}": {"get": operation("reader"), "any": operation("others", milliseconds=300)}}
    stage = stage_of(declared(paths))
    call = stage.call(request("GET", "/tasks/7"))
    assert (call.function, call.resource, call.seconds) == ("reader", "/tasks/{id}", 29.0)
    assert json.loads(call.event)["pathParameters"] == {"id": "7"}
    other = stage.call(request("DELETE", "/tasks/7"))
    assert (other.function, other.seconds) == ("others", 0.3)


def test_a_path_or_a_method_that_is_not_there_is_one_error() -> None:
    stage = stage_of(declared({"/tasks": {"get": operation()}}))
    for sent in (request("GET", "/"), request("GET", "/nothing"), request("POST", "/tasks")):
        refused = refusal(stage, sent)
        assert (refused.type, refused.status) == ("MISSING_AUTHENTICATION_TOKEN", 403)
        assert refused.message == "Missing Authentication Token"


@pytest.mark.parametrize("key", [None, "", "wrong", "secret-off", "secret-elsewhere", "secret-planless", "key-web"])
def test_a_key_has_to_be_known_and_enabled_and_good_for_the_stage(key: str | None) -> None:
    declarations = declared(KEYED)
    add_client(declarations, "web")
    add_client(declarations, "off", enabled=False)
    add_client(declarations, "elsewhere", stages=[(API, "v2"), ("other", STAGE)])
    add_client(declarations, "planless", stages=[])
    refused = refusal(stage_of(declarations), keyed(key))
    assert (refused.type, refused.status, refused.message) == ("INVALID_API_KEY", 403, "Forbidden")


def test_who_calls_is_known_by_the_key_where_the_method_asks_for_one() -> None:
    declarations = declared({**KEYED, "/open": {"get": operation()}})
    add_client(declarations, "web")
    stage = stage_of(declarations)
    known = identity(stage.call(keyed("secret-web")))
    assert (known["apiKey"], known["apiKeyId"]) == ("secret-web", "key-web")
    assert "apiKeyId" not in identity(stage.call(request(path="/open", headers=[("X-Api-Key", "secret-web")])))


def test_each_key_has_its_own_rate() -> None:
    declarations = declared(KEYED)
    for name in ("web", "app"):
        add_client(declarations, name, rate=Rate(per_second=1, burst=2))
    stage = stage_of(declarations)
    web = [keyed("secret-web"), keyed("secret-web", verb="POST"), keyed("secret-web")]
    assert outcomes(stage, [*web, keyed("secret-app")]) == ["f", "f", "THROTTLED", "f"], "its methods share it"
    refused = refusal(stage, keyed("secret-web"))
    assert (refused.status, refused.message) == (429, "Too Many Requests")
    assert outcomes(stage, [keyed("secret-web", NOON + 1)]) == ["f"]


def test_each_key_has_its_own_quota() -> None:
    declarations = declared(KEYED)
    for name in ("web", "app"):
        add_client(declarations, name, quota=Allowance(limit=2, period="DAY"))
    stage = stage_of(declarations)
    assert outcomes(stage, [keyed("secret-web")] * 3 + [keyed("secret-app")]) == ["f", "f", "QUOTA_EXCEEDED", "f"]
    refused = refusal(stage, keyed("secret-web"))
    assert (refused.status, refused.message) == (429, "Limit Exceeded")
    assert outcomes(stage, [keyed("secret-web", NOON + 86_400)]) == ["f"]


def test_a_request_that_is_throttled_does_not_count_towards_the_quota() -> None:
    declarations = declared(KEYED)
    add_client(declarations, "web", rate=Rate(per_second=1, burst=1), quota=Allowance(limit=2, period="DAY"))
    stage = stage_of(declarations)
    moments = (NOON, NOON, NOON, NOON + 1, NOON + 2)
    sent = [keyed("secret-web", at=moment) for moment in moments]
    assert outcomes(stage, sent) == ["f", "THROTTLED", "THROTTLED", "f", "QUOTA_EXCEEDED"]


def test_a_stage_limits_each_of_its_methods_by_itself() -> None:
    declarations = declared({"/tasks": {"get": operation("list"), "post": operation("submit")}})
    throttle(declarations, "*/*", per_second=1, burst=1)
    throttle(declarations, "tasks/POST", per_second=1, burst=3)
    stage = stage_of(declarations)
    assert outcomes(stage, [request()] * 2) == ["list", "THROTTLED"]
    assert outcomes(stage, [request("POST")] * 4) == ["submit"] * 3 + ["THROTTLED"]
    assert outcomes(stage, [request(at=NOON + 1)]) == ["list"]


def test_limits_of_another_stage_do_not_count() -> None:
    declarations = declared(KEYED)
    throttle(declarations, "*/*", per_second=0, burst=0)
    declarations.throttles[0] = replace(declarations.throttles[0], stage="v2")
    add_client(declarations, "web")
    assert outcomes(stage_of(declarations), [keyed("secret-web")] * 3) == ["f"] * 3


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([("Authorization", credential(ROOT_KEY))], ""),
        ([], f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ROOT_KEY}%2F20260131%2Fus-east-1"),
    ],
)
def test_the_emulator_s_root_user_may_call_what_asks_for_a_signature(
    headers: list[tuple[str, str]], query: str
) -> None:
    known = identity(stage_of(declared(SIGNED)).call(request(headers=headers, query=query)))
    assert known["userArn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert (known["accessKey"], known["accountId"], known["caller"], known["user"]) == (ROOT_KEY, *[ACCOUNT] * 3)


@pytest.mark.parametrize(
    ("headers", "query", "kind", "error"),
    [
        ([], "", "MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException"),
        ([("Authorization", "")], "", "MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException"),
        ([], "X-Amz-Credential=test%2F1", "MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException"),
        ([("Authorization", "Bearer test")], "", "DEFAULT_4XX", "IncompleteSignatureException"),
        ([("Authorization", "AWS4-HMAC-SHA256 test")], "", "DEFAULT_4XX", "IncompleteSignatureException"),
        ([("Authorization", credential("ASIA7"))], "", "DEFAULT_4XX", "UnrecognizedClientException"),
        ([("Authorization", credential("123456789012"))], "", "DEFAULT_4XX", "UnrecognizedClientException"),
        ([], "X-Amz-Algorithm=AWS4-HMAC-SHA256", "DEFAULT_4XX", "UnrecognizedClientException"),
    ],
)
def test_no_other_caller_may(headers: list[tuple[str, str]], query: str, kind: str, error: str) -> None:
    refused = refusal(stage_of(declared(SIGNED)), request(headers=headers, query=query))
    assert (refused.type, refused.status, refused.error) == (kind, 403, error)


def test_a_method_can_ask_for_a_signature_and_a_key() -> None:
    declarations = declared({"/tasks": {"get": operation(signed=True, key=True)}})
    add_client(declarations, "web")
    stage = stage_of(declarations)
    signed, key = ("Authorization", credential(ROOT_KEY)), ("X-Api-Key", "secret-web")
    sent = [request(headers=headers) for headers in ([], [key], [signed], [signed, key])]
    assert outcomes(stage, sent) == ["MISSING_AUTHENTICATION_TOKEN"] * 2 + ["INVALID_API_KEY", "f"]
    known = identity(stage.call(sent[-1]))
    assert (known["apiKeyId"], known["user"]) == ("key-web", ACCOUNT)


REQUIRED = [
    {"name": "id", "in": "path", "required": True},
    {"name": "limit", "in": "query", "required": True},
    {"name": "X-Who", "in": "header", "required": True},
    {"name": "page", "in": "query"},
]


@pytest.mark.parametrize(
    ("query", "headers", "missing"),
    [
        ("limit=1", [("x-who", "me")], None),
        ("limit=1&limit=2&page=", [("X-WHO", "me")], None),
        ("", [("X-Who", "me")], "limit"),
        ("limit", [("X-Who", "me")], "limit"),
        ("Limit=1", [("X-Who", "me")], "limit"),
        ("limit=1", [("X-Who", "")], "X-Who"),
        ("page=1", [], "limit, X-Who"),
    ],
)
def test_a_required_parameter_has_to_be_there_and_not_blank(
    query: str, headers: list[tuple[str, str]], missing: str | None
) -> None:
    paths = {"/tasks/{id}": {"get": operation(parameters=REQUIRED)}}
    sent = request(path="/tasks/7", query=query, headers=headers)
    assert stage_of(declared(paths)).call(sent), "without a validator nothing is checked"
    checking = stage_of(declared(paths, **PARAMETERS_CHECKED))
    if missing is None:
        assert checking.call(sent)
        return
    refused = refusal(checking, sent)
    assert (refused.type, refused.status) == ("BAD_REQUEST_PARAMETERS", 400)
    assert refused.message == f"Missing required request parameters: [{missing}]"


@pytest.mark.parametrize("origins", [(), ("*",), ("https://a.example", "https://b.example")])
@pytest.mark.parametrize(
    "access", [Access(operator_iam=False), Access(), Access(api_key=True), Access(api_key=True, client_iam=True)]
)
def test_the_program_s_own_document_is_understood_whatever_a_stage_asks_for(
    access: Access, origins: tuple[str, ...]
) -> None:
    invoke_arns = defaultdict(lambda: uri("answers"))
    declarations = declare(gateway_document(invoke_arns, uri("others"), access, origins))
    add_client(declarations, "web")
    stage = stage_of(declarations)
    both = [("Authorization", credential(ROOT_KEY)), ("X-Api-Key", "secret-web")]
    for path, operations in openapi_document(access)["paths"].items():
        verbs = [*operations, *(["head"] if "get" in operations else [])]
        sent = [request(verb.upper(), path, headers=both) for verb in verbs]
        assert outcomes(stage, sent) == ["answers"] * len(sent), path
        others = [request(verb, path) for verb in ("OPTIONS", "PATCH")]
        assert outcomes(stage, others) == ["others", "others"], "open to everybody"
    response = stage.refusal(request(headers=[("Origin", "https://b.example")]), refusal(stage, request(path="/no")))
    assert (response.status, json.loads(response.body)["status"]) == (404, 404)
    assert dict(response.headers)["Content-Type"] == "application/problem+json"
    assert ("Access-Control-Allow-Origin" in dict(response.headers)) == bool(origins)
