"""Who may do what: only pages of this very console, and only under its own names.

The console acts with its owner's credentials. So it is served on loopback, to requests that name it; what changes
something is a POST with the token of this process, from a page of the same origin; and no page runs or loads anything
that is not the console's own.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection
from typing import Final

from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_FIELD: Final = "token"  # noqa: S105 the name of a field
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PORT: Final = re.compile(r":\d+$")
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that could come from somewhere else. The text says what to do."""


class Guard:
    """Puts the security headers on every response, and serves only requests that name one of `hosts` (with ports).

    Without hosts these are the names of this machine for itself, with any port: a page whose name was rebound to
    127.0.0.1 still sends its own name.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    def _serves(self, host: str) -> bool:
        return host in self._hosts if self._hosts else _PORT.sub("", host) in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        host = Headers(scope=scope).get("host", "")
        if not self._serves(host):
            names = ", ".join(sorted(self._hosts or LOOPBACK))
            await _refuse(f"Host {host!r} is not served here, only {names}.", send_guarded)
            return
        await self._app(scope, receive, send_guarded)


class Tokens:
    """The token that every form of this process carries. After a restart, the forms of before are refused."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)

    def check(self, request: Request, form: FormData) -> None:
        """Raise `Refused` unless a form of one of our own pages was sent."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if site != "same-origin" or origin not in (None, own):
            raise Refused("Nothing was changed: the request came from another site.")
        given = form.get(TOKEN_FIELD)
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), self.token.encode()):
            raise Refused(
                "Nothing was changed: the form is from before the console was restarted. Go back, reload, try again."
            )


async def _refuse(text: str, send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
