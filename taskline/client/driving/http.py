"""What both drivers say to httpx, and hear from it."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import httpx

from taskline.client.protocol.commands import Exchange
from taskline.client.protocol.messages import Lost, Reply

API_KEY_HEADER = "x-api-key"
USER_AGENT = "taskline-python"
_MAX_CONNECTIONS = 64


def checked_url(url: str) -> str:
    """The API's address without a slash at its end. `ValueError` if it is none."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not the address of an API, such as http://127.0.0.1:4000/v1")
    return parts.geturl().rstrip("/")


def client_settings(url: str, api_key: str | None, auth: httpx.Auth | None, transport: Any) -> dict[str, Any]:
    """The arguments of `httpx.Client` and `httpx.AsyncClient`. Proxies of the environment are not for this machine."""
    return {
        "headers": {"User-Agent": USER_AGENT, **({} if api_key is None else {API_KEY_HEADER: api_key})},
        "auth": auth,
        "transport": transport,
        "follow_redirects": False,
        "trust_env": not _is_loopback(urlsplit(url).hostname or ""),
        "limits": httpx.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=16),
    }


def request_of(client: httpx.Client | httpx.AsyncClient, exchange: Exchange) -> httpx.Request:
    """The request, with its time limits."""
    limits = httpx.Timeout(exchange.read, connect=exchange.connect, pool=exchange.remaining)
    return client.build_request(
        exchange.method, exchange.url, headers=dict(exchange.headers), content=exchange.body, timeout=limits
    )


def reply_of(response: httpx.Response, body: bytes) -> Reply:
    """The response, read."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(status=response.status_code, headers=headers, body=body)


def lost_by(error: httpx.RequestError, exchange: Exchange) -> Lost:
    """Why there is no response."""
    if isinstance(error, httpx.ConnectTimeout):
        return Lost(timed_out=True, message=f"no connection to {exchange.url} within {exchange.connect:.3g} s")
    if isinstance(error, httpx.TimeoutException):
        return late(exchange, exchange.read)
    if isinstance(error, httpx.ConnectError):
        return Lost(timed_out=False, message=f"no connection to {exchange.url}: {error}")
    return Lost(timed_out=False, message=f"the connection failed: {error or type(error).__name__}")


def late(exchange: Exchange, seconds: float) -> Lost:
    """The response did not come, or not all of it, in time."""
    return Lost(timed_out=True, message=f"no complete response from {exchange.url} within {seconds:.3g} s")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
