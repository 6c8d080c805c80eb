"""Small APIs for tests of the gateway, made from documents as the program's own is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from multidict import CIMultiDict

from local.program.declarations import openapi
from local.program.declarations.gateway import (
    Allowance,
    ApiDeclaration,
    ApiKeyDeclaration,
    GatewayDeclarations,
    Rate,
    StageDeclaration,
    ThrottleDeclaration,
    UsagePlanDeclaration,
    UsagePlanKeyDeclaration,
)
from local.services.gateway.build import build_stages
from local.services.gateway.stage import Stage
from local.services.http.gateway_errors import GatewayError
from local.services.http.messages import HttpRequest

ACCOUNT = "000000000000"
NOON = 1_769_860_800.0  # 31 January 2026, 12:00 UTC, a Saturday
API, STAGE = "a1b2c3", "v1"
PARAMETERS_CHECKED: dict[str, Any] = {
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestParameters": True}},
    "x-amazon-apigateway-request-validator": "all",
}
KEY_SCHEME = {"api_key": {"type": "apiKey", "in": "header", "name": "x-api-key"}}


def uri(function: str) -> str:
    """The integration URI of a function."""
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}"
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def operation(function: str = "f", *, signed: bool = False, key: bool = False, **more: Any) -> dict[str, Any]:
    """A method with its function; `milliseconds` is the integration timeout."""
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri(function)}
    if milliseconds := more.pop("milliseconds", None):
        integration["timeoutInMillis"] = milliseconds
    return {
        "x-amazon-apigateway-integration": integration,
        "x-amazon-apigateway-auth": {"type": "AWS_IAM" if signed else "NONE"},
        "security": [{"api_key": []}] if key else [],
        **more,
    }


def document(paths: dict[str, Any]) -> dict[str, Any]:
    """The whole document; `any` is short for API Gateway's extension."""
    names = {"any": "x-amazon-apigateway-any-method"}
    return {
        "openapi": "3.0.1",
        "components": {"securitySchemes": KEY_SCHEME},
        "paths": {path: {names.get(verb, verb): one for verb, one in item.items()} for path, item in paths.items()},
    }


def declared(paths: dict[str, Any], *, compress_from: int | None = None, **more: Any) -> GatewayDeclarations:
    """A small API with one stage. `more` is further content of its document."""
    return declare({**document(paths), **more}, compress_from)


def declare(content: Mapping[str, Any], compress_from: int | None = None) -> GatewayDeclarations:
    """An API with one stage, as the provisioner declares it from the document."""
    api = openapi.parse(json.dumps(content))
    return GatewayDeclarations(
        apis=[ApiDeclaration(id=API, api=api, compress_from=compress_from)],
        stages=[StageDeclaration(api_id=API, name=STAGE, variables={})],
    )


def stage_of(declarations: GatewayDeclarations) -> Stage:
    """The one stage."""
    return build_stages(declarations, ACCOUNT)[STAGE]


def throttle(declarations: GatewayDeclarations, method: str, per_second: float, burst: int) -> None:
    """Limit one method of the stage, or all (`*/*`)."""
    rate = Rate(per_second=per_second, burst=burst)
    declarations.throttles.append(ThrottleDeclaration(api_id=API, stage=STAGE, method=method, rate=rate))


def add_key(
    declarations: GatewayDeclarations,
    name: str,
    *,
    rate: Rate | None = None,
    quota: Allowance | None = None,
    enabled: bool = True,
    stages: Iterable[tuple[str, str]] = ((API, STAGE),),
) -> None:
    """An API key with the value `secret-NAME`, and a usage plan for it alone."""
    declarations.keys.append(ApiKeyDeclaration(id=f"key-{name}", value=f"secret-{name}", enabled=enabled))
    plan = UsagePlanDeclaration(id=f"plan-{name}", stages=frozenset(stages), rate=rate, quota=quota)
    declarations.plans.append(plan)
    declarations.plan_keys.append(UsagePlanKeyDeclaration(plan_id=plan.id, key_id=f"key-{name}"))


def request(
    verb: str = "GET",
    path: str = "/tasks",
    *,
    query: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    at: float = NOON,
) -> HttpRequest:
    """A request from a client."""
    return HttpRequest(
        id="5f3c9f8e-9d0b-4a53-8a4e-6d1a0f7c2b11",
        received=at,
        verb=verb,
        stage=STAGE,
        path=path,
        query=query,
        headers=CIMultiDict(headers),
        body=body,
        source_ip="203.0.113.7",
        port=4000,
    )


def credential(access_key: str) -> str:
    """An Authorization header that names the access key; its signature is made up."""
    scope = f"{access_key}/20260131/us-east-1/execute-api/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def error_of(stage: Stage, sent: HttpRequest) -> GatewayError:
    """The error with which the gateway rejects the request."""
    with pytest.raises(GatewayError) as raised:
        stage.call(sent)
    return raised.value


def outcomes(stage: Stage, sent: Iterable[HttpRequest]) -> list[str]:
    """The outcome of each request: the function that is called, or the type of the error."""

    def outcome(one: HttpRequest) -> str:
        try:
            return stage.call(one).function
        except GatewayError as error:
            return error.type

    return [outcome(one) for one in sent]
