"""The event that a function behind a REST API receives.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from multidict import MultiMapping

from local.services.http.messages import HttpRequest, connection_headers

FORWARDED_FOR: Final = "X-Forwarded-For"
TRACE_ID: Final = "X-Amzn-Trace-Id"
# Not passed on, or set by the gateway itself.
NOT_PASSED_ON: Final = frozenset({"content-length", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"})
# A caller with neither a key nor a signature.
ANONYMOUS: Final[Mapping[str, None]] = dict.fromkeys(
    (
        *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
        *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
    )
)
Headers = tuple[dict[str, str], dict[str, list[str]]]


class ProxyEvents:
    """Makes the events of one method of one path."""

    def __init__(
        self, *, resource: str, account: str, api_id: str, stage: str, variables: Mapping[str, str] | None
    ) -> None:
        self._resource = resource
        self._variables = variables or None
        self._context = {
            "accountId": account,
            "apiId": api_id,
            "protocol": "HTTP/1.1",
            "resourceId": hashlib.sha256(f"{api_id} {resource}".encode()).hexdigest()[:6],
            "resourcePath": resource,
            "stage": stage,
        }

    def event(self, request: HttpRequest, parameters: Mapping[str, str], identity: Mapping[str, str | None]) -> bytes:
        """The event as JSON. `identity` is what an API key or a signature adds to it.

        Path parameters stay percent-encoded; `routing.py` explains why.
        """
        headers, repeated_headers = _headers(request)
        query, repeated_query = _query(request.query)
        event = {
            "resource": self._resource,
            "path": f"/{request.path.lstrip('/')}",
            "httpMethod": request.verb,
            "headers": headers,
            "multiValueHeaders": repeated_headers,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": repeated_query,
            "pathParameters": parameters or None,
            "stageVariables": self._variables,
            "requestContext": self._request_context(request, identity),
            # Without binary media types, AWS treats every body as text; what is not UTF-8 in it is lost.
            "body": request.body.decode(errors="replace") if request.body else None,
            "isBase64Encoded": False,
        }
        return json.dumps(event).encode()

    def _request_context(self, request: HttpRequest, identity: Mapping[str, str | None]) -> dict[str, Any]:
        domain = (request.headers.get("Host") or "").partition(":")[0]
        return {
            **self._context,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "extendedRequestId": request.id,
            "httpMethod": request.verb,
            "identity": {
                **ANONYMOUS,
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("User-Agent"),
                **identity,
            },
            "path": f"/{request.stage}{request.path}",
            "requestId": request.id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(request.received)),
            "requestTimeEpoch": int(request.received * 1000),
        }


def _headers(request: HttpRequest) -> Headers:
    """The last value and all values of each header, by the first spelling of its name."""
    sent = request.headers
    dropped = connection_headers(sent.get("Connection"))
    last: dict[str, str] = {}
    every: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for written, value in sent.items():
        lower = written.lower()
        if lower in dropped or lower in NOT_PASSED_ON:
            continue
        name = names.setdefault(lower, written)
        last[name] = text = value if value.isascii() else as_text(value)
        every.setdefault(name, []).append(text)
    for name, value in _added(request, traced="x-amzn-trace-id" in names):
        last[name] = value
        every[name] = [value]
    return last, every


def _added(request: HttpRequest, *, traced: bool) -> list[tuple[str, str]]:
    """The headers that the gateway adds."""
    path = ", ".join([*request.headers.getall(FORWARDED_FOR, []), request.source_ip])
    added = [(FORWARDED_FOR, path), ("X-Forwarded-Port", str(request.port)), ("X-Forwarded-Proto", "http")]
    if not traced:
        added.append((TRACE_ID, f"Root=1-{int(request.received):08x}-{request.id.replace('-', '')[:24]}"))
    return added


def as_text(value: str) -> str:
    """A header's value. Its bytes are UTF-8, or else Latin-1; the HTTP server escapes those that are not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="surrogateescape").decode("latin-1")
    return value


def _query(query: str) -> tuple[dict[str, str] | None, dict[str, list[str]] | None]:
    """The last value and all values of each parameter, decoded; None if there are no parameters."""
    if not query:
        return None, None
    every = parse_qs(query, keep_blank_values=True)
    return ({name: values[-1] for name, values in every.items()}, every) if every else (None, None)


def query_values(query: str) -> Mapping[str, list[str]]:
    """All values of each parameter of a query, decoded."""
    return _query(query)[1] or {}


def first_header(headers: MultiMapping[str], name: str) -> str:
    """A header's first value, "" if it was not sent."""
    return headers.get(name) or ""
