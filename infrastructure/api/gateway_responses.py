"""The gateway's own error responses, as problem documents that allowed web pages can read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from functions.api.headers import PROBLEM_JSON
from functions.api.problems import TITLES, problem_type

# Every error that the gateway returns itself: its name there, and its status. The defaults are for future names.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
_STATUSES: Mapping[str, int] = {
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "UNAUTHORIZED": 401,
    "ACCESS_DENIED": 403,
    "EXPIRED_TOKEN": 403,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 403,
    "WAF_FILTERED": 403,
    "MISSING_AUTHENTICATION_TOKEN": 404,  # an unknown path, too, and a missing signature
    "RESOURCE_NOT_FOUND": 404,
    "REQUEST_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "QUOTA_EXCEEDED": 429,
    "THROTTLED": 429,
    "DEFAULT_4XX": 403,  # errors without a name of their own are about credentials
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "DEFAULT_5XX": 500,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
}
_OWN_TITLES = {"QUOTA_EXCEEDED": "Quota exceeded"}
_OWN_DETAILS = {
    404: "There is no such path, or it requires an AWS signature.",
    500: "This is an internal error.",
}


def gateway_responses(cors_origins: Sequence[str]) -> dict[str, Any]:
    """`x-amazon-apigateway-gateway-responses`, with the CORS headers for these origins."""
    headers = {"Content-Type": f"'{PROBLEM_JSON}'", **_cors_headers(cors_origins)}
    parameters = {f"gatewayresponse.header.{name}": value for name, value in headers.items()}
    return {name: _problem(name, status, parameters) for name, status in _STATUSES.items()}


def _problem(name: str, status: int, parameters: Mapping[str, str]) -> dict[str, Any]:
    """A problem document; its detail is the gateway's message, which the gateway quotes as JSON."""
    title = _OWN_TITLES.get(name, TITLES[status])
    detail = json.dumps(_OWN_DETAILS[status]) if status in _OWN_DETAILS else "$context.error.messageString"
    template = f'{{"type": "{problem_type(title)}", "title": "{title}", "status": {status}, "detail": {detail}}}'
    return {
        "statusCode": str(status),
        "responseTemplates": {"application/json": template},
        "responseParameters": dict(parameters),
    }


def _cors_headers(origins: Sequence[str]) -> dict[str, str]:
    """The gateway can return one fixed origin, or the caller's own, but cannot choose from a list.

    With several origins it returns the caller's own: an error of the gateway reveals no more than its status.
    """
    if not origins:
        return {}
    if len(origins) == 1:
        return {"Access-Control-Allow-Origin": f"'{origins[0]}'"}
    return {"Access-Control-Allow-Origin": "method.request.header.origin", "Vary": "'Origin'"}
