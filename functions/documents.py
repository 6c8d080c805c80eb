"""The request handler for the API's own description: `GET /openapi.json`, `GET /docs`, preflights, and 405.

A separate function, so that no task waits for the document to be built.
"""

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.access import Access
from functions.api.cors import preflight_headers
from functions.api.document.openapi import Document, openapi_document
from functions.api.document.page import CONTENT_SECURITY_POLICY, page
from functions.api.headers import HTML
from functions.api.http import Request, Response, dispatch, json_response, method_not_allowed
from functions.api.routes import serve
from functions.task_types import load_task_types
from functions.tasks.intake.ordering import DefaultOrdering
from functions.telemetry.observability import observed

CACHE = {"Cache-Control": "public, max-age=300"}


@cache
def build() -> Document:
    """The document, once per execution environment. `ACCESS` is JSON: the fields of `Access`."""
    access = Access(**json.loads(os.environ["ACCESS"]))
    return openapi_document(access, load_task_types(), DefaultOrdering(os.environ["DEFAULT_ORDERING"]))


@cache
def build_page() -> str:
    """The page, once per execution environment."""
    return page(build())


def read_openapi(request: Request) -> Response:
    """GET /openapi.json: the document, with the base path of the stage."""
    return json_response(200, {**build(), "servers": [{"url": f"/{request.stage}"}]}, CACHE)


def read_docs(_request: Request) -> Response:
    """GET /docs: the document as a self-contained page."""
    headers = {
        "Content-Type": f"{HTML}; charset=utf-8",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Response(status=200, body=build_page(), headers=headers | CACHE)


def any_other_method(request: Request) -> Response:
    """A method without an operation: a browser's preflight (OPTIONS), or 405."""
    operations: Document = build()["paths"][request.resource]
    declared = {verb.upper() for verb in operations}
    methods = sorted(declared | {"OPTIONS"} | ({"HEAD"} if "GET" in declared else set()))
    if request.method != "OPTIONS":
        raise method_not_allowed(request, methods)
    headers = preflight_headers(methods, header_parameters(operations))
    return Response(status=204, body="", headers=headers)


def header_parameters(operations: Document) -> list[str]:
    """The request headers that a path's operations declare."""
    parameters = (one for operation in operations.values() for one in operation.get("parameters", []))
    return sorted({one["name"] for one in parameters if one["in"] == "header"})


ROUTES = serve("documents", read_openapi, read_docs)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's proxy event in, proxy response out."""
    return dispatch(event, ROUTES, fallback=any_other_method)
