"""How requests prove who sends them: an AWS signature, or a bearer token. API keys need nothing of this."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

import httpx

from taskline.client.basis.errors import NotAllowed

SERVICE = "execute-api"
_SIGNED = ("host", "content-type", "x-amz-content-sha256")


class IamAuth(httpx.Auth):
    """Signs requests with AWS Signature Version 4, as operators' requests and those of IAM clients have to be.

    `credentials` are botocore's (`boto3.Session().get_credentials()`); left out, they are found as by the AWS command
    line, with `profile` if it is given. Those that expire are refreshed. `region` is that of the API; left out, it is
    read from the API's address or from the AWS settings. botocore is imported when the first request is signed.
    """

    requires_request_body = True

    def __init__(self, *, region: str | None = None, profile: str | None = None, credentials: Any = None) -> None:
        self._region = region
        self._profile = profile
        self._credentials = credentials
        self._session: Any = None

    def __repr__(self) -> str:
        return f"IamAuth(region={self._region!r}, profile={self._profile!r})"

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign it."""
        request.read()
        self._sign(request)
        yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign it, in a thread: to refresh credentials takes requests of its own."""
        await request.aread()
        await asyncio.to_thread(self._sign, request)
        yield request

    def _sign(self, request: httpx.Request) -> None:
        try:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.exceptions import BotoCoreError
        except ImportError as error:
            raise NotAllowed("IamAuth needs botocore: install boto3.") from error
        try:
            frozen = self._found().get_frozen_credentials()
            region = self._region_of(request.url.host)
        except BotoCoreError as error:
            raise NotAllowed(f"There are no AWS credentials to sign with: {error}") from error
        headers = {name: request.headers[name] for name in _SIGNED if name in request.headers}
        signed: Any = AWSRequest(method=request.method, url=str(request.url), data=request.content, headers=headers)
        SigV4Auth(frozen, SERVICE, region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))

    def _found(self) -> Any:
        if self._credentials is None:
            self._credentials = self._settings().get_credentials()
        if self._credentials is None:
            raise NotAllowed("There are no AWS credentials to sign with: log in, or set AWS_PROFILE.")
        return self._credentials

    def _region_of(self, host: str) -> str:
        labels = host.split(".")
        if host.endswith(".amazonaws.com") and SERVICE in labels[:-1]:
            return self._region or labels[labels.index(SERVICE) + 1]
        region = self._region or self._settings().get_config_variable("region")
        if not region:
            raise NotAllowed("A signature needs the API's region: pass IamAuth(region=...), or set AWS_REGION.")
        return region

    def _settings(self) -> Any:
        if self._session is None:
            import botocore.session

            self._session = botocore.session.Session(profile=self._profile)
        return self._session


class BearerAuth(httpx.Auth):
    """Sends a token, such as a JWT. A callable is asked before each request, so that it can renew the token.

    For `AsyncTaskline` it may also return an awaitable.
    """

    def __init__(self, token: str | Callable[[], str | Awaitable[str]]) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "BearerAuth(...)"

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token."""
        token = self._token() if callable(self._token) else self._token
        if not isinstance(token, str):
            if inspect.iscoroutine(token):
                token.close()
            raise TypeError("BearerAuth: the callable returns an awaitable, which only AsyncTaskline can wait for")
        request.headers["Authorization"] = f"Bearer {token}"
        yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the token; a callable runs in a thread, because it may have to ask somebody."""
        token = self._token
        if callable(token):
            token = await token() if inspect.iscoroutinefunction(token) else await asyncio.to_thread(token)
        request.headers["Authorization"] = f"Bearer {token if isinstance(token, str) else await token}"
        yield request
