"""HTTP messages: API Gateway's proxy events in, proxy responses out."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from functions.api.problems import TITLES, problem_type
from functions.tasks.errors import FieldError, Refused
from functions.tasks.fields import BODY

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
HTML = "text/html"
RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Request:
    """A client's request, with header names in lower case, and all values of each query parameter.

    `caller` is the ARN of who signed it, or empty; `api_key_id` is None where no API key is needed.
    """

    method: str
    resource: str
    path: str
    stage: str
    path_parameters: Mapping[str, str]
    headers: Mapping[str, str]
    repeated_headers: Mapping[str, Sequence[str]]
    api_key_id: str | None
    query: Mapping[str, Sequence[str]]
    body: str
    caller: str

    def header_values(self, name: str) -> Sequence[str]:
        """Every value that the header was sent with."""
        name = name.lower()
        return self.repeated_headers.get(name) or ([self.headers[name]] if name in self.headers else [])

    def require_json(self) -> str:
        """The body of a request that has to be JSON; `Refused` (415) when it says it is something else."""
        media_type = self.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if media_type != JSON:
            detail = f"Send the body as {JSON}, not as {media_type or 'an unnamed media type'}."
            raise Refused(415, "Unsupported media type", detail)
        return self.body


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer: a JSON document, or text as it stands (empty for no body at all)."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str]

    def to_proxy(self) -> dict[str, Any]:
        """API Gateway's Lambda proxy response."""
        text = self.body
        if not isinstance(text, str):
            text = json.dumps(text, ensure_ascii=False, separators=(",", ":"))
        # A message that came past the validator may hold unpaired surrogates, which UTF-8 cannot carry.
        text = text.encode(errors="replace").decode()
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "body": text,
            "isBase64Encoded": False,
        }


def read_request(event: Mapping[str, Any]) -> Request:
    """The request in a REST API's Lambda proxy event; `Refused` (400) when its body is not UTF-8."""
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
        repeated_headers=_together(event.get("multiValueHeaders") or {}),
        api_key_id=identity.get("apiKeyId"),
        query=event.get("multiValueQueryStringParameters") or {},
        body=body,
        caller=identity.get("userArn") or "",
    )


def answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(status=status, body=body, headers={"Content-Type": JSON, **(headers or {})})


def problem(refused: Refused, instance: str) -> Response:
    """The answer to a request that is refused."""
    headers = {"Content-Type": PROBLEM_JSON, **refused.headers}
    return Response(status=refused.status, body=problem_body(refused, instance), headers=headers)


def problem_body(refused: Refused, instance: str) -> dict[str, Any]:
    """A problem document (RFC 9457) that names every field which is wrong."""
    body: dict[str, Any] = {
        "type": problem_type(refused.title),
        "title": refused.title,
        "status": refused.status,
        "detail": refused.detail,
        "instance": instance,
    }
    return body | ({"errors": [asdict(error) for error in refused.errors]} if refused.errors else {})


def unavailable(detail: str = "The task store or the queue did not answer.") -> Refused:
    """The answer to what could not be done now and can be tried again."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Refused(503, TITLES[503], f"{detail} Nothing is lost by trying again.", headers=headers)


def _together(headers: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """All values of each header, whatever case its name is written in each time."""
    together: dict[str, list[str]] = {}
    for name, values in headers.items():
        together.setdefault(name.lower(), []).extend(values)
    return together


def _decode(body: str) -> str:
    try:
        return base64.b64decode(body).decode()
    except ValueError as error:
        not_text = FieldError(field=BODY, message="is not UTF-8 text")
        raise Refused(400, "Invalid task", f"The task was not accepted. See: {BODY}.", [not_text]) from error
