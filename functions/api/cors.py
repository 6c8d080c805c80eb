"""Cross-origin requests: which web pages may read the API's responses.

The origins are a property of the stage and come with each event as a stage variable, so that no function has to be
configured with them. There are no cookies and no credentials, so "any origin" gives a page nothing that curl lacks.
"""

from collections.abc import Collection, Mapping
from typing import Any

from functions.api.headers import REPLAYED_HEADER

STAGE_VARIABLE = "cors_origins"
ANY = "any"  # means `*`, which a stage variable cannot hold
MAX_AGE_SECONDS = 7200  # the longest that browsers cache a preflight
# What a page may read of a response besides its body.
EXPOSED_HEADERS = ("Allow", "Location", "Retry-After", REPLAYED_HEADER)
# What a page may send: the media type, an API key, or the parts of an AWS signature.
REQUEST_HEADERS = ("Content-Type", "X-Api-Key", "Authorization", "X-Amz-Date", "X-Amz-Security-Token")


def with_cors(response: dict[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """The proxy response, with the headers that let pages of an allowed origin read it, or without them."""
    variables: Mapping[str, str] = event.get("stageVariables") or {}
    variable = variables.get(STAGE_VARIABLE, "")
    origins = variable.split(",") if variable else []
    origin = _origin(event) if origins else ""
    allowed = "*" if origins == [ANY] else origin if origin in origins else None
    headers: dict[str, str] = response["headers"]
    if allowed:
        exposed = ", ".join(EXPOSED_HEADERS)
        headers = {**headers, "Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": exposed}
    else:
        headers = {name: value for name, value in headers.items() if not name.startswith("Access-Control-")}
    if origins and origins != [ANY]:
        headers = {**headers, "Vary": "Origin"}  # a cache must not serve one origin's response to another
    return {**response, "headers": headers}


def preflight_headers(methods: Collection[str], request_headers: Collection[str]) -> dict[str, str]:
    """The headers of a preflight response, which browsers request before any request that is not a simple one."""
    return {
        "Allow": ", ".join(methods),
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": ", ".join([*REQUEST_HEADERS, *request_headers]),
        "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
    }


def _origin(event: Mapping[str, Any]) -> str:
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value for name, value in headers.items() if name.lower() == "origin"), "")
