"""An OpenAPI 3.0 document with API Gateway's extensions, read into the methods of a REST API.

On AWS the service does this when it receives the document as the API's body:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html. A feature that is not
understood here is an error and never ignored. What only documents the API (schemas, responses) is skipped: the gateway
does not use it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from local.host.errors import LaptopError
from local.program.declarations.gateway_responses import GatewayResponse, parse_responses
from local.program.declarations.resource_policy import ResourcePolicy, parse_policy

Document = Mapping[str, Any]

VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY: Final = "ANY"
ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
AUTH = "x-amazon-apigateway-auth"
VALIDATOR = "x-amazon-apigateway-request-validator"
RESPONSES = "x-amazon-apigateway-gateway-responses"
KEY_SOURCE = "x-amazon-apigateway-api-key-source"
POLICY = "x-amazon-apigateway-policy"
LOCATIONS = {"query": "querystring", "header": "header", "path": "path"}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html; the longest is the default.
SHORTEST_MILLIS, LONGEST_MILLIS = 50, 29_000

TOP = {
    *("openapi", "info", "paths", "components", "security", "servers", "tags", VALIDATOR, f"{VALIDATOR}s"),
    *(RESPONSES, KEY_SOURCE, POLICY),
}
COMPONENTS = {"schemas", "securitySchemes", "responses", "parameters", "headers", "requestBodies"}
PATH_ITEM = {*VERBS, ANY_METHOD, "parameters", "summary", "description"}
OPERATION = {
    *("operationId", "summary", "description", "tags", "parameters", "requestBody", "responses", "security"),
    *(VALIDATOR, INTEGRATION, AUTH),
}
# `passthroughBehavior` is about mapping templates, and a proxy integration has none.
INTEGRATION_KEYS = {"type", "httpMethod", "uri", "passthroughBehavior", "timeoutInMillis"}
VALIDATION = {"validateRequestParameters", "validateRequestBody"}
SEGMENT = re.compile(r"[A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\}")
FUNCTION = re.compile(
    r"arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/"
    r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:(?P<name>[A-Za-z0-9_-]+)(?::(?:\$LATEST|[A-Za-z][A-Za-z0-9_-]*))?/invocations"
)


class Parameter(NamedTuple):
    """A parameter of a request; `location` is `querystring`, `header` or `path`."""

    location: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of one path, and its function.

    `verb` is ANY for all verbs without their own method. `required` are the parameters that the gateway checks, none
    without a validator. `seconds` is the integration timeout.
    """

    path: str
    verb: str
    function: str
    signed: bool = False
    api_key_required: bool = False
    required: tuple[Parameter, ...] = ()
    seconds: float = LONGEST_MILLIS / 1000
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeclaredApi:
    """Everything in a document that the gateway uses. `policy` is None if the API has none."""

    methods: list[Method]
    responses: Mapping[str, GatewayResponse]
    policy: ResourcePolicy | None


def parse(body: str) -> DeclaredApi:
    """Read a document (JSON). Raises `LaptopError` for what is not understood."""
    document = cast("dict[str, Any]", json.loads(body))
    if not str(document.get("openapi", "")).startswith("3.0"):
        raise _unknown("the document", f"openapi {document.get('openapi')!r}")
    _only(document, TOP, "the document")
    _only(_part(document, "components"), COMPONENTS, "components")
    if document.get(KEY_SOURCE, "HEADER") != "HEADER":
        raise _unknown("the document", f"API keys from {document[KEY_SOURCE]}")
    methods = [
        _method(document, path, verb, operation, item)
        for path, item in document["paths"].items()
        for verb, operation in _operations(path, item)
    ]
    return DeclaredApi(
        methods=methods,
        responses=parse_responses(_part(document, RESPONSES), _unknown),
        policy=parse_policy(document[POLICY], _unknown) if POLICY in document else None,
    )


def _operations(path: str, item: Document) -> Iterator[tuple[str, Document]]:
    _only(item, PATH_ITEM, path)
    if not path.startswith("/") or not all(SEGMENT.fullmatch(part) for part in path.split("/") if part):
        raise _unknown(path, "the path")
    for verb in VERBS:
        if verb in item:
            yield verb.upper(), item[verb]
    if ANY_METHOD in item:
        yield ANY, item[ANY_METHOD]


def _method(document: Document, path: str, verb: str, operation: Document, item: Document) -> Method:
    where = f"{verb} {path}"
    _only(operation, OPERATION, where)
    if INTEGRATION not in operation:
        raise LaptopError(f"{where} has no {INTEGRATION}.", "Add one; API Gateway rejects a method without it.")
    parameters = _parameters(document, [*item.get("parameters", []), *operation.get("parameters", [])])
    return Method(
        path=path,
        verb=verb,
        function=_function(operation[INTEGRATION], where),
        signed=_is_signed(operation, where),
        api_key_required=_needs_api_key(document, operation, where),
        required=_required(parameters) if _validates_parameters(document, operation, where) else (),
        seconds=_milliseconds(operation[INTEGRATION], where) / 1000,
        tags=tuple(operation.get("tags", ())),
    )


def _function(integration: Document, where: str) -> str:
    """The name of the function behind a method."""
    _only(integration, INTEGRATION_KEYS, f"{where}: {INTEGRATION}")
    if (kind := str(integration["type"]).lower()) != "aws_proxy":
        raise _unknown(where, f"integration type {kind}")
    if (verb := integration.get("httpMethod")) != "POST":  # a function is invoked with POST, whatever the client sends
        raise _unknown(where, f"an integration's httpMethod {verb}")
    if (found := FUNCTION.fullmatch(integration["uri"])) is None:
        raise _unknown(where, f"the integration's uri {integration['uri']}")
    return found["name"]


def _milliseconds(integration: Document, where: str) -> int:
    given: int = integration.get("timeoutInMillis", LONGEST_MILLIS)
    if not SHORTEST_MILLIS <= given <= LONGEST_MILLIS:
        raise _unknown(where, f"timeoutInMillis {given}")
    return given


def _parameters(document: Document, given: Iterable[Document]) -> dict[Parameter, bool]:
    """Whether each parameter is required. Later ones win: an operation's over those of its path."""
    parameters: dict[Parameter, bool] = {}
    for parameter in (_dereference(document, one) for one in given):
        location = LOCATIONS.get(parameter["in"])
        if location is None:
            raise _unknown(parameter["name"], f"a parameter in {parameter['in']}")
        parameters[Parameter(location, parameter["name"])] = bool(parameter.get("required"))
    return parameters


def _required(parameters: Mapping[Parameter, bool]) -> tuple[Parameter, ...]:
    return tuple(parameter for parameter, required in parameters.items() if required)


def _validates_parameters(document: Document, operation: Document, where: str) -> bool:
    name: str | None = operation.get(VALIDATOR, document.get(VALIDATOR))
    if name is None:
        return False
    if name not in _part(document, f"{VALIDATOR}s"):
        raise LaptopError(f"{where} has the validator `{name}`, which does not exist.", f"Add it to {VALIDATOR}s.")
    validator: Document = document[f"{VALIDATOR}s"][name]
    _only(validator, VALIDATION, f"validator {name}")
    if validator.get("validateRequestBody"):
        raise _unknown(where, "validateRequestBody")
    return bool(validator.get("validateRequestParameters"))


def _is_signed(operation: Document, where: str) -> bool:
    kind = str(_part(operation, AUTH).get("type", "NONE")).upper()
    if kind == "COGNITO_USER_POOLS":
        raise LaptopError(
            f"The laptop edition cannot check tokens of Cognito user pools, which {where} requires: it has none.",
            "Do without them here: TASKLINE_CONFIG='"
            '{"clientAuthorization": "none", "userPools": "", "tokenScopes": ""}\'.',
        )
    if kind not in ("NONE", "AWS_IAM"):
        raise _unknown(where, f"authorization {kind}")
    return kind == "AWS_IAM"


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
    """Whether the scheme documents AWS_IAM, which the gateway reads from the operation's authorization."""
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
        "Support it in local/program/declarations/openapi.py, or remove it from the document.",
    )
