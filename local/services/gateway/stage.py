"""A deployed stage of a REST API: from a request to a function call, and from its payload to a response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from local.program.declarations.openapi import Method, Parameter
from local.program.declarations.resource_policy import ResourcePolicy
from local.services.gateway.event import ProxyEvents, first_header, query_values
from local.services.gateway.gateway_responses import GatewayResponses
from local.services.gateway.keys import API_KEY_HEADER, ApiKeys
from local.services.gateway.limits import TokenBucket
from local.services.gateway.resource_policy import admit
from local.services.gateway.routing import Router
from local.services.gateway.signature import Signatures
from local.services.http.compression import compressed
from local.services.http.gateway_errors import (
    GatewayError,
    foreign_origin,
    missing_parameters,
    no_such_path,
    throttled,
)
from local.services.http.messages import REQUEST_ID, FunctionCall, HttpRequest, HttpResponse
from local.services.http.proxy_response import parse

OPERATORS: Final = "operations"  # the document's tag of what only operators may do
UNKNOWN: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, kw_only=True)
class StageMethod:
    """A method of the API in a stage. `throttle` is None if it has no limit."""

    declared: Method
    events: ProxyEvents
    throttle: TokenBucket | None


class Stage:
    """Pure but for its rate and quota counters. Not thread-safe."""

    def __init__(
        self,
        *,
        methods: Router[StageMethod],
        keys: ApiKeys,
        signatures: Signatures,
        policy: ResourcePolicy | None,
        responses: GatewayResponses,
        compress_from: int | None,
    ) -> None:
        self._methods = methods
        self._keys = keys
        self._signatures = signatures
        self._policy = policy
        self._responses = responses
        self._compress_from = compress_from

    def call(self, request: HttpRequest) -> FunctionCall:
        """The function call that a request leads to. Raises `GatewayError`."""
        found = self._methods.find(request.verb, request.path)
        if found is None:
            raise no_such_path()
        method, parameters = found
        _refuse_foreign_pages(method.declared, request)
        identity = self._admit(method, request)
        _require(method.declared.required, request, parameters)
        return FunctionCall(
            function=method.declared.function,
            resource=method.declared.path,
            event=method.events.event(request, parameters, identity),
            seconds=method.declared.seconds,
        )

    def respond(self, request: HttpRequest, payload: bytes) -> HttpResponse:
        """The response to the client from a function's payload. Raises `Malformed`."""
        response = self._identified(parse(payload), request)
        if request.verb == "HEAD":
            return response
        return compressed(response, request.headers.get("Accept-Encoding"), self._compress_from)

    def error_response(self, request: HttpRequest, error: GatewayError) -> HttpResponse:
        """The response to a request that the gateway itself rejects."""
        return self._identified(self._responses.render(error, request), request)

    def _admit(self, method: StageMethod, request: HttpRequest) -> Mapping[str, str]:
        """The caller's identity, checked in API Gateway's order. Raises `GatewayError`."""
        identity = self._signatures.identity(request) if method.declared.signed else UNKNOWN
        if self._policy is not None:
            admit(self._policy, request, signed=method.declared.signed)
        key = None
        if method.declared.api_key_required:
            key = self._keys.find(request.headers.get(API_KEY_HEADER))
            key.check_rate(request.received)
            identity = {**identity, **key.identity}
        if method.throttle is not None and not method.throttle.take(request.received):
            raise throttled()
        if key is not None:
            key.check_quota(request.received)
        return identity

    def _identified(self, response: HttpResponse, request: HttpRequest) -> HttpResponse:
        return replace(response, headers=[*response.headers, (REQUEST_ID, request.id)])


def _refuse_foreign_pages(method: Method, request: HttpRequest) -> None:
    """Raise `GatewayError` when a page of another origin calls an operation of operators, whatever CORS allows.

    Without this, any page in a browser on this machine could redrive tasks or open the breaker: some requests need no
    preflight.
    """
    origin = request.headers.get("Origin")
    if OPERATORS in method.tags and origin and origin != f"http://{request.headers.get('Host')}":
        raise foreign_origin(origin)


def _require(required: tuple[Parameter, ...], request: HttpRequest, parameters: Mapping[str, str]) -> None:
    """Raise `GatewayError` for missing or blank parameters.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
    """
    if not required:
        return
    missing = [one.name for one in required if not _value(one, request, parameters)]
    if missing:
        raise missing_parameters(missing)


def _value(parameter: Parameter, request: HttpRequest, parameters: Mapping[str, str]) -> str:
    if parameter.location == "path":
        return parameters.get(parameter.name, "")
    if parameter.location == "header":
        return first_header(request.headers, parameter.name)
    return query_values(request.query).get(parameter.name, [""])[-1]
