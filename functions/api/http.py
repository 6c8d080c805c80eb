"""HTTP: API Gateway's proxy events in, proxy responses out, and every error as a problem document."""

import base64
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from functions.api.callers import caller_of
from functions.api.cors import with_cors
from functions.api.headers import JSON, PROBLEM_JSON
from functions.api.problems import TITLES, Problem, internal_error, rejected, unavailable
from functions.tasks import strict_json
from functions.tasks.errors import BODY, FieldError, NotFound, Rejected, Unavailable
from functions.tasks.model import MAX_ID_CHARACTERS
from functions.tasks.tenancy import Tenant
from functions.telemetry.observability import logger


class Request(NamedTuple):
    """A client's request, with header names in lower case and all values of each query parameter.

    `repeated_headers` has all values of each header, under the names as they were sent.

    `caller` is who sent it, None where no credentials are required; `signer` is the ARN of the signer, or empty.
    """

    method: str
    resource: str
    path: str
    stage: str
    path_parameters: Mapping[str, str]
    headers: Mapping[str, str]
    repeated_headers: Mapping[str, Sequence[str]]
    query: Mapping[str, Sequence[str]]
    body: str
    caller: Tenant
    signer: str

    def header_values(self, name: str) -> Sequence[str]:
        """Every value that the header was sent with. `headers` has one of them."""
        name = name.lower()
        if name not in self.headers:
            return []
        values = [value for sent, given in self.repeated_headers.items() if sent.lower() == name for value in given]
        return values or [self.headers[name]]

    def task_id(self) -> str:
        """The task id in the path; `NotFound` when it is longer than any task's."""
        task_id = unquote(self.path_parameters["task_id"])
        if len(task_id) > MAX_ID_CHARACTERS:
            raise NotFound(task_id[:MAX_ID_CHARACTERS])
        return task_id

    def require_json(self) -> str:
        """The body of a request that has to be JSON; `Problem` (415) for any other media type."""
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self.body and media_type != JSON:
            detail = f"Send the body as {JSON}, not as {media_type or 'an unnamed media type'}."
            raise Problem(415, TITLES[415], detail)
        return self.body


class Response(NamedTuple):
    """A JSON document, or text to send unchanged (empty for no body at all)."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str]

    def to_proxy(self) -> dict[str, Any]:
        """API Gateway's Lambda proxy response."""
        text = self.body
        if not isinstance(text, str):
            text = strict_json.encode(text)
        if not text.isascii():
            # A message that bypassed the validator may hold unpaired surrogates, which UTF-8 cannot carry.
            text = text.encode(errors="replace").decode()
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "body": text,
            "isBase64Encoded": False,
        }


Handler = Callable[[Request], Response]


def dispatch(
    event: Mapping[str, Any], routes: Mapping[tuple[str, str], Handler], fallback: Handler | None = None
) -> dict[str, Any]:
    """Serve the event with the handler for its method and resource (`("GET", "/tasks/{task_id}")`).

    HEAD is served as GET, without the body. `fallback` serves everything that has no route; without it that is a
    405. Never raises: the log gets the stack trace, the client a problem document.
    """
    instance: str = event.get("requestContext", {}).get("path", "/")
    try:
        request = _read(event)
        response = _handler(request, routes, fallback)(request).to_proxy()
    except Exception as error:
        response = _problem_response(_problem(error), instance).to_proxy()
    if event.get("httpMethod") == "HEAD":
        response = {**response, "body": ""}
    return with_cors(response, event)


def json_response(status: int, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON document, or its text, as a response."""
    return Response(status=status, body=body, headers={"Content-Type": JSON, **(headers or {})})


def method_not_allowed(request: Request, allowed: Collection[str]) -> Problem:
    """405: the path exists, but supports only these methods."""
    methods = ", ".join(allowed)
    detail = f"{request.path} does not support {request.method}, only {methods}."
    return Problem(405, TITLES[405], detail, headers={"Allow": methods})


def _handler(request: Request, routes: Mapping[tuple[str, str], Handler], fallback: Handler | None) -> Handler:
    method = "GET" if request.method == "HEAD" else request.method
    handler = routes.get((method, request.resource), fallback)
    if handler is None:
        raise method_not_allowed(request, sorted(one for one, resource in routes if resource == request.resource))
    return handler


def _problem(error: Exception) -> Problem:
    if isinstance(error, Rejected):
        error = rejected(error)
    if isinstance(error, Problem):
        logger.info("rejected", status=error.status, fields=[one.field for one in error.errors])
        return error
    if isinstance(error, Unavailable):
        logger.exception("unavailable")
        return unavailable()
    logger.exception("internal error")
    return internal_error()


def _problem_response(problem: Problem, instance: str) -> Response:
    headers = {"Content-Type": PROBLEM_JSON, **problem.headers}
    return Response(status=problem.status, body=problem.document(instance), headers=headers)


def _read(event: Mapping[str, Any]) -> Request:
    """The request in a REST API's Lambda proxy event; `Problem` (400) when its body is not UTF-8."""
    body: str = event.get("body") or ""
    headers: Mapping[str, str] = event.get("headers") or {}
    identity: Mapping[str, str | None] = event["requestContext"].get("identity") or {}
    if event.get("isBase64Encoded"):
        body = _decode(body)
    return Request(
        method=event["httpMethod"],
        resource=event["resource"],
        path=event["requestContext"]["path"],
        stage=event["requestContext"]["stage"],
        path_parameters=event.get("pathParameters") or {},
        headers={name.lower(): value for name, value in headers.items()},
        repeated_headers=event.get("multiValueHeaders") or {},
        query=event.get("multiValueQueryStringParameters") or {},
        body=body,
        caller=caller_of(event["requestContext"]),
        signer=identity.get("userArn") or "",
    )


def _decode(body: str) -> str:
    try:
        return base64.b64decode(body).decode()
    except ValueError as error:
        not_text = FieldError(field=BODY, message="is not UTF-8 text")
        raise Problem(400, "Invalid task", f"The task was not accepted. See: {BODY}.", [not_text]) from error
