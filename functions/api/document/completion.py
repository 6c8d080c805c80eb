"""What all operations of the OpenAPI document have in common: tags, security, and common errors."""

from http import HTTPStatus
from typing import Any

from functions.api.access import API_KEY, JWT, OPERATIONS, SERVICE, SIGNATURE, TASKS, Access
from functions.api.document.examples import TASK_ID
from functions.api.headers import PROBLEM_JSON
from functions.api.problems import TITLES, internal_error, problem_type, unavailable

Document = dict[str, Any]
_TAGS = {
    TASKS: "Submit tasks and follow them.",
    SERVICE: "The API itself; open to everyone.",
    OPERATIONS: "For operators; requires an AWS signature.",
}
_SCHEMES: dict[str, Document] = {
    API_KEY: {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The client's API key."},
    SIGNATURE: {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "AWS Signature Version 4 for `execute-api`, by an identity that may invoke the API.",
    },
    JWT: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the client, from a user pool that the stage trusts.",
    },
}
# Responses that any request may get: most come from the gateway, before a function is called.
_COMMON = {
    403: "The API key or the signature is missing or invalid, or the call is blocked by the firewall or its address.",
    429: "Too many requests, or the key's quota is exhausted; try again later.",
    500: "An internal error.",
    504: "No response in time; the request may have been processed anyway.",
}
# The gateway accepts 10 MB; each operation declares what its function accepts.
_WITH_BODY = {413: "The request is too large."}
# The gateway treats an unsigned request like one for a path that does not exist.
_UNSIGNED = {404: "Not found, or the request is unsigned."}
_WITHOUT_TOKEN = {401: "The token is missing, invalid or has expired."}
_DETAILS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: f"There is no task {TASK_ID!r}.",
    413: "Request Too Long",
    415: "Send the body as application/json, not as text/plain.",
    429: "Too Many Requests",
    500: internal_error().detail,
    503: unavailable().detail,
    504: "Endpoint request timed out",
}


def complete(document: Document, access: Access) -> Document:
    """The document with its operations tagged and secured, and every error declared with an example."""
    used = [_complete(operation, access) for path in document["paths"].values() for operation in path.values()]
    schemes = {name: scheme for name, scheme in _SCHEMES.items() if any(name in needed for _, needed in used)}
    document["tags"] = [{"name": tag, "description": _TAGS[tag]} for tag in _TAGS if tag in {tag for tag, _ in used}]
    if schemes:
        document["components"]["securitySchemes"] = schemes
    return document


def _complete(operation: Document, access: Access) -> tuple[str, list[str]]:
    """Complete the operation in place; return its tag and the security schemes that it requires."""
    (tag,) = operation["tags"]
    needed = access.required(tag)
    operation["security"] = [{scheme: [] for scheme in needed}] if needed else []
    responses: Document = operation["responses"]
    unsigned = _UNSIGNED if SIGNATURE in needed else {}
    without_token = _WITHOUT_TOKEN if JWT in needed else {}
    with_body = _WITH_BODY if "requestBody" in operation else {}
    for status, description in (_COMMON | unsigned | without_token | with_body).items():
        schema = {"$ref": "#/components/schemas/Problem"}
        common = {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}
        responses.setdefault(str(status), common)
    operation["responses"] = dict(sorted(responses.items()))
    for status, response in responses.items():
        if content := response.get("content", {}).get(PROBLEM_JSON):
            content.setdefault("example", _example(int(status)))
    return tag, needed


def _example(status: int) -> Document:
    title = TITLES.get(status) or HTTPStatus(status).phrase.capitalize()
    detail = _DETAILS.get(status, title)
    return {"type": problem_type(title), "title": title, "status": status, "detail": detail}
