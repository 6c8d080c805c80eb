"""Renders the gateway's own errors as the API's document defines them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from local.program.declarations.gateway_responses import JSON, VARIABLE, GatewayResponse
from local.services.gateway.event import as_text
from local.services.http.gateway_errors import GatewayError
from local.services.http.messages import ERROR_TYPE, HttpRequest, HttpResponse

UNSET: Final = GatewayResponse()


class GatewayResponses:
    """A type that the document does not define falls back to DEFAULT_4XX or DEFAULT_5XX."""

    def __init__(self, responses: Mapping[str, GatewayResponse]) -> None:
        self._responses = responses

    def render(self, error: GatewayError, request: HttpRequest) -> HttpResponse:
        """The response to a rejected request."""
        response = self._response(error)
        headers = {"Content-Type": JSON, **response.headers, **dict(_echoed(response, request))}
        headers[ERROR_TYPE] = error.name
        return HttpResponse(
            status=response.status or error.status,
            headers=list(headers.items()),
            body=_fill(response.template, error, request).encode(errors="replace"),
        )

    def _response(self, error: GatewayError) -> GatewayResponse:
        default = "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX"
        return self._responses.get(error.type) or self._responses.get(default) or UNSET


def _echoed(response: GatewayResponse, request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, source in response.echoed.items():
        if (value := request.headers.get(source)) is not None:
            yield name, as_text(value)


def _fill(template: str, error: GatewayError, request: HttpRequest) -> str:
    values = {
        "context.error.message": error.message,
        "context.error.messageString": json.dumps(error.message),
        "context.error.responseType": error.type,
        "context.requestId": request.id,
    }
    return VARIABLE.sub(lambda found: values[found[1]], template)
