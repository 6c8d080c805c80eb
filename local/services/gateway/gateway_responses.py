"""Renders the gateway's own errors as the API's document defines them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from local.program.declarations.gateway_responses import JSON, VARIABLE, GatewayResponse
from local.services.gateway.event import as_text
from local.services.http.messages import ERROR_TYPE, Request, Response
from local.services.http.refused import Refused

UNSET: Final = GatewayResponse()


class GatewayResponses:
    """A type that the document does not define falls back to its DEFAULT_4XX or DEFAULT_5XX."""

    def __init__(self, responses: Mapping[str, GatewayResponse]) -> None:
        self._responses = responses

    def render(self, refused: Refused, request: Request) -> Response:
        """The response to a refused request."""
        response = self._response(refused)
        headers = {"Content-Type": JSON, **response.headers, **dict(_echoed(response, request))}
        headers[ERROR_TYPE] = refused.error
        return Response(
            status=response.status or refused.status,
            headers=list(headers.items()),
            body=_fill(response.template, refused, request).encode(errors="replace"),
        )

    def _response(self, refused: Refused) -> GatewayResponse:
        default = "DEFAULT_4XX" if refused.status < 500 else "DEFAULT_5XX"
        return self._responses.get(refused.type) or self._responses.get(default) or UNSET


def _echoed(response: GatewayResponse, request: Request) -> Iterator[tuple[str, str]]:
    for name, source in response.echoed.items():
        if (value := request.headers.get(source)) is not None:
            yield name, as_text(value)


def _fill(template: str, refused: Refused, request: Request) -> str:
    values = {
        "context.error.message": refused.message,
        "context.error.messageString": json.dumps(refused.message),
        "context.error.responseType": refused.type,
        "context.requestId": request.id,
    }
    return VARIABLE.sub(lambda found: values[found[1]], template)
