"""A stage admits the callers that its document allows, within their limits."""

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
from local.services.gateway.stage import FunctionCall
from local.services.http.messages import HttpRequest
from tests.local.services.gateway.apis import (
    ACCOUNT,
    API,
    NOON,
    PARAMETERS_CHECKED,
    STAGE,
    add_key,
    credential,
    declare,
    declared,
    error_of,
    operation,
    outcomes,
    request,
    stage_of,
    throttle,
    uri,
)

KEYED = {"/tasks": {"get": operation(key=True), "post": operation(key=True)}}
SIGNED = {"/tasks": {"get": operation(signed=True)}}


def keyed(key: str | None, at: float = NOON, verb: str = "GET") -> HttpRequest:
    return request(verb, headers=[("x-api-key", key)] if key is not None else [], at=at)


def identity(call: FunctionCall) -> dict[str, Any]:
    return json.loads(call.event)["requestContext"]["identity"]


def test_a_request_calls_the_function_of_its_method() -> None:
    paths = {"/tasks/{id}": {"get": operation("reader"), "any": operation("others", milliseconds=300)}}
    stage = stage_of(declared(paths))
    call = stage.call(request("GET", "/tasks/7"))
    assert (call.function, call.resource, call.seconds) == ("reader", "/tasks/{id}", 29.0)
    assert json.loads(call.event)["pathParameters"] == {"id": "7"}
    other = stage.call(request("DELETE", "/tasks/7"))
    assert (other.function, other.seconds) == ("others", 0.3)


def test_an_unknown_path_and_an_unknown_method_get_the_same_error() -> None:
    stage = stage_of(declared({"/tasks": {"get": operation()}}))
    for sent in (request("GET", "/"), request("GET", "/nothing"), request("POST", "/tasks")):
        rejected = error_of(stage, sent)
        assert (rejected.type, rejected.status) == ("MISSING_AUTHENTICATION_TOKEN", 403)
        assert rejected.message == "Missing Authentication Token"


@pytest.mark.parametrize("key", [None, "", "wrong", "secret-off", "secret-elsewhere", "secret-planless", "key-web"])
def test_a_key_must_be_known_enabled_and_valid_for_the_stage(key: str | None) -> None:
    declarations = declared(KEYED)
    add_key(declarations, "web")
    add_key(declarations, "off", enabled=False)
    add_key(declarations, "elsewhere", stages=[(API, "v2"), ("other", STAGE)])
    add_key(declarations, "planless", stages=[])
    rejected = error_of(stage_of(declarations), keyed(key))
    assert (rejected.type, rejected.status, rejected.message) == ("INVALID_API_KEY", 403, "Forbidden")


def test_the_key_identifies_the_caller_where_the_method_requires_one() -> None:
    declarations = declared({**KEYED, "/open": {"get": operation()}})
    add_key(declarations, "web")
    stage = stage_of(declarations)
    known = identity(stage.call(keyed("secret-web")))
    assert (known["apiKey"], known["apiKeyId"]) == ("secret-web", "key-web")
    assert "apiKeyId" not in identity(stage.call(request(path="/open", headers=[("X-Api-Key", "secret-web")])))


def test_each_key_has_its_own_rate() -> None:
    declarations = declared(KEYED)
    for name in ("web", "app"):
        add_key(declarations, name, rate=Rate(per_second=1, burst=2))
    stage = stage_of(declarations)
    web = [keyed("secret-web"), keyed("secret-web", verb="POST"), keyed("secret-web")]
    assert outcomes(stage, [*web, keyed("secret-app")]) == ["f", "f", "THROTTLED", "f"], "methods share a key's rate"
    rejected = error_of(stage, keyed("secret-web"))
    assert (rejected.status, rejected.message) == (429, "Too Many Requests")
    assert outcomes(stage, [keyed("secret-web", NOON + 1)]) == ["f"]


def test_each_key_has_its_own_quota() -> None:
    declarations = declared(KEYED)
    for name in ("web", "app"):
        add_key(declarations, name, quota=Allowance(limit=2, period="DAY"))
    stage = stage_of(declarations)
    assert outcomes(stage, [keyed("secret-web")] * 3 + [keyed("secret-app")]) == ["f", "f", "QUOTA_EXCEEDED", "f"]
    rejected = error_of(stage, keyed("secret-web"))
    assert (rejected.status, rejected.message) == (429, "Limit Exceeded")
    assert outcomes(stage, [keyed("secret-web", NOON + 86_400)]) == ["f"]


def test_a_throttled_request_does_not_count_towards_the_quota() -> None:
    declarations = declared(KEYED)
    add_key(declarations, "web", rate=Rate(per_second=1, burst=1), quota=Allowance(limit=2, period="DAY"))
    stage = stage_of(declarations)
    moments = (NOON, NOON, NOON, NOON + 1, NOON + 2)
    sent = [keyed("secret-web", at=moment) for moment in moments]
    assert outcomes(stage, sent) == ["f", "THROTTLED", "THROTTLED", "f", "QUOTA_EXCEEDED"]


def test_a_stage_limits_each_method_separately() -> None:
    declarations = declared({"/tasks": {"get": operation("list"), "post": operation("submit")}})
    throttle(declarations, "*/*", per_second=1, burst=1)
    throttle(declarations, "tasks/POST", per_second=1, burst=3)
    stage = stage_of(declarations)
    assert outcomes(stage, [request()] * 2) == ["list", "THROTTLED"]
    assert outcomes(stage, [request("POST")] * 4) == ["submit"] * 3 + ["THROTTLED"]
    assert outcomes(stage, [request(at=NOON + 1)]) == ["list"]


def test_limits_of_another_stage_do_not_apply() -> None:
    declarations = declared(KEYED)
    throttle(declarations, "*/*", per_second=0, burst=0)
    declarations.throttles[0] = replace(declarations.throttles[0], stage="v2")
    add_key(declarations, "web")
    assert outcomes(stage_of(declarations), [keyed("secret-web")] * 3) == ["f"] * 3


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([("Authorization", credential(ROOT_KEY))], ""),
        ([], f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ROOT_KEY}%2F20260131%2Fus-east-1"),
    ],
)
def test_the_emulator_s_root_user_may_call_a_method_that_requires_a_signature(
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
def test_any_other_caller_is_rejected(headers: list[tuple[str, str]], query: str, kind: str, error: str) -> None:
    rejected = error_of(stage_of(declared(SIGNED)), request(headers=headers, query=query))
    assert (rejected.type, rejected.status, rejected.name) == (kind, 403, error)


def test_a_method_can_require_both_a_signature_and_a_key() -> None:
    declarations = declared({"/tasks": {"get": operation(signed=True, key=True)}})
    add_key(declarations, "web")
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
def test_a_required_parameter_must_be_sent_and_not_be_blank(
    query: str, headers: list[tuple[str, str]], missing: str | None
) -> None:
    paths = {"/tasks/{id}": {"get": operation(parameters=REQUIRED)}}
    sent = request(path="/tasks/7", query=query, headers=headers)
    assert stage_of(declared(paths)).call(sent), "without a validator nothing is checked"
    checking = stage_of(declared(paths, **PARAMETERS_CHECKED))
    if missing is None:
        assert checking.call(sent)
        return
    rejected = error_of(checking, sent)
    assert (rejected.type, rejected.status) == ("BAD_REQUEST_PARAMETERS", 400)
    assert rejected.message == f"Missing required request parameters: [{missing}]"


@pytest.mark.parametrize("origins", [(), ("*",), ("https://a.example", "https://b.example")])
@pytest.mark.parametrize(
    "access", [Access(operator_iam=False), Access(), Access(api_key=True), Access(api_key=True, client_iam=True)]
)
def test_the_program_s_own_document_is_understood_whatever_a_stage_requires(
    access: Access, origins: tuple[str, ...]
) -> None:
    invoke_arns = defaultdict(lambda: uri("responds"))
    declarations = declare(gateway_document(invoke_arns, uri("others"), access, origins))
    add_key(declarations, "web")
    stage = stage_of(declarations)
    both = [("Authorization", credential(ROOT_KEY)), ("X-Api-Key", "secret-web")]
    for path, operations in openapi_document(access)["paths"].items():
        verbs = [*operations, *(["head"] if "get" in operations else [])]
        sent = [request(verb.upper(), path, headers=both) for verb in verbs]
        assert outcomes(stage, sent) == ["responds"] * len(sent), path
        others = [request(verb, path) for verb in ("OPTIONS", "PATCH")]
        assert outcomes(stage, others) == ["others", "others"], "these need neither a key nor a signature"
    response = stage.error_response(
        request(headers=[("Origin", "https://b.example")]), error_of(stage, request(path="/no"))
    )
    assert (response.status, json.loads(response.body)["status"]) == (404, 404)
    assert dict(response.headers)["Content-Type"] == "application/problem+json"
    assert ("Access-Control-Allow-Origin" in dict(response.headers)) == bool(origins)
