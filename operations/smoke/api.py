"""The stack's API, with the key of its first client and an operator's signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from operations.smoke.stack import Stack

SECONDS = 40  # more than API Gateway waits for a function


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response: names of headers in lower case, and the JSON document, which is empty if there is none."""

    status: int
    headers: Mapping[str, str]
    document: Mapping[str, Any]


class ApiCaller:
    """Sends requests. Every one is signed; an API or an operation that needs no signature ignores it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._url: str = stack.outputs["api_url"]
        proxies = get_environ_proxies(self._url) if stack.on_aws else None
        self._http = URLLib3Session(timeout=SECONDS, proxies=proxies)

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send one request; `body` is a document, or text as it is. Raises botocore's errors of connections."""
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | self._key
        if text:
            sent["Content-Type"] = "application/json"
        request: Any = AWSRequest(method=method, url=self._url + path, data=text.encode(), headers=sent)
        session = self._stack.session
        SigV4Auth(session.get_credentials(), "execute-api", session.region_name).add_auth(request)
        response: Any = self._http.send(request.prepare())
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            document=_document(response.content),
        )

    @cached_property
    def _key(self) -> dict[str, str]:
        ids: Mapping[str, str] = self._stack.outputs.get("api_key_ids") or {}
        if not ids:
            return {}
        gateway = self._stack.client("apigateway")
        return {"x-api-key": gateway.get_api_key(apiKey=next(iter(ids.values())), includeValue=True)["value"]}


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document: Any = json.loads(content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}
