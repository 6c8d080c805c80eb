"""A botocore client reduced to what a task needs: a call takes a quarter of the time.

Botocore spends most of a call on hooks, endpoint rules, retries and connection pools. This client uses the same
serialiser, parser and credentials, and between them only a signature and a kept connection.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import http.client
import select
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

READ_SECONDS: Final = 310.0  # the longest wait is for an Express execution, which lasts five minutes at most
ALGORITHM: Final = "AWS4-HMAC-SHA256"


class LeanClient:
    """Calls the operations of a botocore client. For any thread.

    Everything else (paginators, exceptions) is the wrapped client's. Only for services whose operations botocore does
    not customise in a way that matters here: DynamoDB and its streams, SQS, CloudWatch Logs.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.meta = client.meta
        self._operations: Mapping[str, str] = client.meta.method_to_api_mapping
        self._model: Any = client.meta.service_model
        self._scope = (client.meta.region_name, self._model.signing_name)
        self._credentials: Any = client._request_signer._credentials
        self._address: str = urlsplit(client.meta.endpoint_url).netloc
        self._user_agent = f"app/{client.meta.config.user_agent_appid}"
        self._idle: deque[http.client.HTTPConnection] = deque()

    def __getattr__(self, name: str) -> Any:
        operation = self._operations.get(name)
        if operation is None:
            return getattr(self._client, name)
        return functools.partial(self._call_by_keywords, operation)

    def _call_by_keywords(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._make_api_call(operation, parameters)

    def _make_api_call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation; raises botocore's errors."""
        model = self._model.operation_model(operation)
        request = self._client._serializer.serialize_to_request(parameters, model)
        status, headers, body = self._send(request)
        response = {"status_code": status, "headers": headers, "body": body}
        parsed: dict[str, Any] = self._client._response_parser.parse(response, model.output_shape)
        if status >= 300:
            error = parsed.get("Error", {})
            # SQS has an old and a new error code; its exceptions are named after the new one.
            code = error.get("QueryErrorCode") or error.get("Code", "")
            raise self._client.exceptions.from_code(code)(parsed, operation)
        return parsed

    def _send(self, request: Mapping[str, Any]) -> tuple[int, http.client.HTTPMessage, bytes]:
        body: bytes = request["body"] or b""
        path = quote(request["url_path"], safe="/~")
        query = urlencode(sorted(request["query_string"].items())) if request["query_string"] else ""
        headers: dict[str, str] = {**request["headers"], "Host": self._address}
        sign(request["method"], path, query, headers, body, self._credentials.get_frozen_credentials(), self._scope)
        headers["User-Agent"] = self._user_agent  # as botocore does, behind the signature
        target = f"{path}?{query}" if query else path
        url = f"http://{self._address}{target}"
        connection = self._connection()
        try:
            response = _exchange(connection, request["method"], target, body, headers)
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise EndpointConnectionError(endpoint_url=url, error=error) from error
        self._idle.append(connection)
        return response

    def _connection(self) -> http.client.HTTPConnection:
        """The last used connection, unless the other side has closed it since."""
        while self._idle:
            connection = self._idle.pop()
            if connection.sock is not None and not _is_readable(connection):
                return connection
            connection.close()
        return http.client.HTTPConnection(self._address, timeout=READ_SECONDS)


def _is_readable(connection: http.client.HTTPConnection) -> bool:
    """Whether an idle connection can be read from: all that can come is its end."""
    poll = select.poll()  # unlike `select`, takes descriptors of any size
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _exchange(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection.request(method, target, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def sign(
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    credentials: Any,
    scope: tuple[str, str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Add Signature Version 4 to the headers; `scope` is region and service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    moment = now()
    headers["X-Amz-Date"] = f"{moment:%Y%m%dT%H%M%SZ}"
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    signed = sorted((name.lower(), value) for name, value in headers.items())
    names = ";".join(name for name, _ in signed)
    lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in signed)
    canonical = "\n".join((method, path, query, lines, names, hashlib.sha256(body).hexdigest()))
    full_scope = f"{moment:%Y%m%d}/{scope[0]}/{scope[1]}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{headers['X-Amz-Date']}\n{full_scope}\n{digest}"
    signature = hmac.digest(_signing_key(credentials.secret_key, full_scope), text.encode(), "sha256").hex()
    credential = f"{ALGORITHM} Credential={credentials.access_key}/{full_scope}, SignedHeaders={names}"
    headers["Authorization"] = f"{credential}, Signature={signature}"


@functools.lru_cache(maxsize=64)
def _signing_key(secret: str, full_scope: str) -> bytes:
    """The key for one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in full_scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
