"""The gateway responses of an OpenAPI document: how the gateway's own errors are rendered.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
TYPES: Final = frozenset(
    {
        *("ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"),
        *("BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN"),
        *("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE"),
        *("MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED"),
        *("UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED"),
    }
)
JSON: Final = "application/json"
DEFAULT_TEMPLATE: Final = '{"message":$context.error.messageString}'
VARIABLE: Final = re.compile(r"\$(context\.[A-Za-z]+(?:\.[A-Za-z]+)*)")
VARIABLES: Final = frozenset(
    {
        "context.error.message",
        "context.error.messageString",  # the message as JSON quotes it
        "context.error.responseType",
        "context.requestId",
    }
)
HEADER: Final = "gatewayresponse.header."
REQUEST_HEADER: Final = "method.request.header."

Unknown = Callable[[str, str], Exception]


@dataclass(frozen=True, kw_only=True)
class GatewayResponse:
    """The response to one type of error. `status` None keeps that of the error.

    `echoed` maps a header to the request header that its value comes from; without a value it is omitted.
    """

    status: int | None = None
    template: str = DEFAULT_TEMPLATE
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    echoed: Mapping[str, str] = field(default_factory=dict[str, str])


def parse_responses(document: Mapping[str, Any], unknown: Unknown) -> dict[str, GatewayResponse]:
    """The gateway responses by type. `unknown` makes the error for what is not understood: where, and what."""
    for name in document:
        if name not in TYPES:
            raise unknown("the gateway responses", f"the type {name}")
    return {name: _parse(f"gateway response {name}", settings, unknown) for name, settings in document.items()}


def _parse(where: str, settings: Mapping[str, Any], unknown: Unknown) -> GatewayResponse:
    for key in settings:
        if key not in ("statusCode", "responseParameters", "responseTemplates"):
            raise unknown(where, f"`{key}`")
    headers: dict[str, str] = {}
    echoed: dict[str, str] = {}
    parameters: Mapping[str, str] = settings.get("responseParameters") or {}
    for target, source in parameters.items():
        name = _header(where, target, unknown)
        if len(source) >= 2 and source[0] == source[-1] == "'":
            headers[name] = source[1:-1]
        elif source.startswith(REQUEST_HEADER):
            echoed[name] = source.removeprefix(REQUEST_HEADER)
        else:
            raise unknown(where, f"the parameter {source}")
    status = settings.get("statusCode")
    return GatewayResponse(
        status=int(status) if status else None,
        template=_template(where, settings.get("responseTemplates") or {}, unknown),
        headers=headers,
        echoed=echoed,
    )


def _header(where: str, target: str, unknown: Unknown) -> str:
    if not target.startswith(HEADER):
        raise unknown(where, f"the parameter {target}")
    return target.removeprefix(HEADER)


def _template(where: str, templates: Mapping[str, str], unknown: Unknown) -> str:
    for media_type in templates:
        if media_type != JSON:
            raise unknown(where, f"a template for {media_type}")
    template = templates.get(JSON, DEFAULT_TEMPLATE)
    for name in (*VARIABLE.findall(template), *re.findall(r"\$stageVariables|\$method", template)):
        if name not in VARIABLES:
            raise unknown(where, f"the variable ${name.removeprefix('$')}")
    return template
