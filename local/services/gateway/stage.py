"""A deployed stage of a REST API: from a request to a function call, and from its payload to a response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from local.program.declarations.openapi import Method, Parameter
from local.services.gateway.event import ProxyEvents, first_header, query_values
from local.services.gateway.gateway_responses import GatewayResponses
from local.services.gateway.keys import API_KEY_HEADER, Clients
from local.services.gateway.limits import TokenBucket
from local.services.gateway.routing import Router
from local.services.gateway.signature import Signatures
from local.services.http.compression import compressed
from local.services.http.messages import REQUEST_ID, Request, Response
from local.services.http.proxy_response import parse
from local.services.http.refused import Refused, missing_parameters, no_such_path, throttled

UNKNOWN: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method of the API in this stage. `throttle` is None without a limit."""

    method: Method
    events: ProxyEvents
    throttle: TokenBucket | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function to invoke with an event, and its timeout in seconds."""

    function: str
    resource: str
    event: bytes
    seconds: float


class Stage:
    """Pure but for its rate and quota counters. Not thread-safe."""

    def __init__(
        self,
        *,
        routes: Router[Route],
        clients: Clients,
        signatures: Signatures,
        responses: GatewayResponses,
        compress_from: int | None,
    ) -> None:
        self._routes = routes
        self._clients = clients
        self._signatures = signatures
        self._responses = responses
        self._compress_from = compress_from

    def call(self, request: Request) -> Call:
        """The function call that a request leads to. Raises `Refused`."""
        found = self._routes.find(request.verb, request.path)
        if found is None:
            raise no_such_path()
        route, parameters = found
        identity = self._admit(route, request)
        _require(route.method.required, request, parameters)
        method = route.method
        return Call(
            function=method.function,
            resource=method.path,
            event=route.events.event(request, parameters, identity),
            seconds=method.seconds,
        )

    def respond(self, request: Request, payload: bytes) -> Response:
        """The response to the client from a function's payload. Raises `Malformed`."""
        response = self._identified(parse(payload), request)
        if request.verb == "HEAD":
            return response
        return compressed(response, request.headers.get("Accept-Encoding"), self._compress_from)

    def refusal(self, request: Request, refused: Refused) -> Response:
        """The response to a refused request."""
        return self._identified(self._responses.render(refused, request), request)

    def _admit(self, route: Route, request: Request) -> Mapping[str, str]:
        """The caller's identity, checked in API Gateway's order. Raises `Refused`."""
        identity = self._signatures.identity(request) if route.method.signed else UNKNOWN
        client = None
        if route.method.api_key_required:
            client = self._clients.find(request.headers.get(API_KEY_HEADER))
            client.check_rate(request.received)
            identity = {**identity, **client.identity}
        if route.throttle is not None and not route.throttle.take(request.received):
            raise throttled()
        if client is not None:
            client.check_quota(request.received)
        return identity

    def _identified(self, response: Response, request: Request) -> Response:
        return replace(response, headers=[*response.headers, (REQUEST_ID, request.id)])


def _require(required: tuple[Parameter, ...], request: Request, parameters: Mapping[str, str]) -> None:
    """Raise `Refused` for missing or blank parameters:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html."""
    if not required:
        return
    missing = [one.name for one in required if not _value(one, request, parameters)]
    if missing:
        raise missing_parameters(missing)


def _value(parameter: Parameter, request: Request, parameters: Mapping[str, str]) -> str:
    if parameter.location == "path":
        return parameters.get(parameter.name, "")
    if parameter.location == "header":
        return first_header(request.headers, parameter.name)
    return query_values(request.query).get(parameter.name, [""])[-1]
