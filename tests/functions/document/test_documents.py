"""The function that describes the API: its document, page, preflights and 405; and cross-origin reads."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions import documents, validator
from functions.api.access import Access
from functions.api.document.openapi import openapi_document
from functions.api.document.page import page
from functions.task_types import load_task_types
from functions.tasks.intake.ordering import DefaultOrdering
from tests.functions.support import CONTEXT, event

ORIGINS = "https://a.example,http://localhost:3000"


@pytest.fixture(autouse=True)
def _access(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ACCESS", '{"api_key": true, "client_iam": false, "operator_iam": true}')
    monkeypatch.setenv("DEFAULT_ORDERING", "unordered")
    documents.build.cache_clear()
    documents.build_page.cache_clear()
    yield
    documents.build.cache_clear()
    documents.build_page.cache_clear()


def send(method: str, resource: str, origin: str | None = None, origins: str | None = None) -> dict[str, Any]:
    """The proxy response to a request without a body; `origins` is the stage's variable."""
    made = event("get_health.json", httpMethod=method, resource=resource, headers={"Origin": origin})
    made["stageVariables"] = {"cors_origins": origins} if origins else None
    made["requestContext"]["path"] = f"/v1{resource}"
    return documents.handler(made, CONTEXT)


def test_the_document_is_served_as_it_is_deployed_for_the_stage() -> None:
    response = send("GET", "/openapi.json")
    assert (response["statusCode"], response["headers"]["Content-Type"]) == (200, "application/json")
    served = json.loads(response["body"])
    assert served.pop("servers") == [{"url": "/v1"}], "tools find the API where they found its document"
    assert served == openapi_document(Access(api_key=True), load_task_types(), DefaultOrdering.UNORDERED)


def test_the_page_is_html_that_loads_and_runs_nothing() -> None:
    response = send("GET", "/docs")
    assert (response["statusCode"], response["headers"]["Content-Type"]) == (200, "text/html; charset=utf-8")
    html = response["body"]
    assert not re.search(r"(?i)https?:|//[a-z]|<script|<link|<img|<iframe|javascript:|\son\w+=|url\(|@import", html)
    policy = response["headers"]["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; "), (
        "the page's own style, and no other"
    )
    assert "style=" not in html, "a style attribute would be refused"


def test_the_page_shows_every_operation_status_and_schema() -> None:
    html, document = send("GET", "/docs")["body"], openapi_document(types=load_task_types())
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert f"id='{operation['operationId']}'" in html
            assert f"</b> {path}</h3>" in html
            assert all(f"<td>{status}</td>" in html for status in operation["responses"])
    for name in document["components"]["schemas"]:
        assert f"id='schema-{name}'" in html
    assert set(re.findall(r"href='#([^']+)'", html)) <= set(re.findall(r"id='([^']+)'", html)), "no link is broken"
    assert "x-api-key" in html, "required credentials are named"


def test_the_page_shows_which_data_each_task_type_takes() -> None:
    html = send("GET", "/docs")["body"]
    (slow,) = re.findall(r"<tr><td><code>demo\.slow</code></td>.*?</tr>", html)
    assert "href='#schema-demo.slow.SlowData'" in slow
    (data,) = re.findall(r"id='schema-demo\.slow\.SlowData'>.*?</section>", html)
    assert "<code>milliseconds</code>" in data
    assert "integer (minimum 0, maximum 900000, default 20)" in data


def test_the_page_says_what_a_task_without_a_key_means_on_its_stage() -> None:
    assert "Left out, it is the task&#x27;s own id" in send("GET", "/docs")["body"]
    assert "Left out, it is <code>task-processing</code>" in page(openapi_document())


def test_text_from_the_document_cannot_become_markup() -> None:
    document = openapi_document()
    evil = "<script>alert('&')</script>"
    document["info"]["title"] = evil
    document["paths"]["/tasks"]["post"]["summary"] = evil
    document["paths"]["/tasks"]["post"]["requestBody"]["content"]["application/json"]["example"] = {evil: evil}
    document["components"]["schemas"]["NewTask"]["properties"][evil] = {"type": evil, "description": evil}
    assert "<script" not in page(document)


def test_code_in_a_description_is_shown_as_code() -> None:
    document = openapi_document()
    document["paths"]["/tasks"]["post"]["summary"] = "Sets `a<b` and more"
    assert "<p>Sets <code>a&lt;b</code> and more. </p>" in page(document)


def test_commands_on_the_page_work_in_a_shell() -> None:
    document = openapi_document(Access(api_key=True))
    document["paths"]["/tasks"]["post"]["requestBody"]["content"]["application/json"]["example"] = {"title": "it's"}
    html = page(document)
    assert "curl -s &quot;$API/tasks&quot; \\\n  -H &#x27;x-api-key: ...&#x27;" in html
    assert "it&#x27;\\&#x27;&#x27;s" in html, "a quote inside quotes"
    signed = {
        "security": [{"aws_signature": []}],
        "tags": ["tasks"],
        "summary": "",
        "operationId": "x",
        "responses": {},
    }
    document["paths"] = {"/x/{y}": {"post": signed, "delete": signed}}
    html = page(document | {"components": openapi_document(Access(client_iam=True))["components"]})
    for method in ("POST", "DELETE"):
        assert (
            f"curl -s -X {method} &quot;$API/x/y&quot; \\\n  --aws-sigv4 &quot;aws:amz:$AWS_REGION:execute-api&quot;"
            in html
        )


@pytest.mark.parametrize(
    ("resource", "methods"),
    [
        ("/tasks", "GET, HEAD, OPTIONS, POST"),
        ("/tasks/{task_id}", "DELETE, GET, HEAD, OPTIONS"),
        ("/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_preflight_names_what_the_path_supports(resource: str, methods: str) -> None:
    response = send("OPTIONS", resource, "https://x.example", "any")
    assert (response["statusCode"], response["body"]) == (204, "")
    headers = response["headers"]
    assert headers["Allow"] == headers["Access-Control-Allow-Methods"] == methods
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert {"Content-Type", "X-Api-Key", "Authorization"} <= set(headers["Access-Control-Allow-Headers"].split(", "))
    assert headers["Access-Control-Max-Age"] == "7200"


def test_web_pages_may_send_the_headers_that_operations_declare() -> None:
    operations = {"post": {"parameters": [{"name": "Odd", "in": "header"}, {"name": "q", "in": "query"}]}, "get": {}}
    assert documents.header_parameters(operations) == ["Odd"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE"])
def test_an_unsupported_method_is_405_with_all_supported_ones(method: str) -> None:
    response = send(method, "/tasks/{task_id}", "https://x.example", "any")
    assert (response["statusCode"], response["headers"]["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS")
    assert response["headers"]["Access-Control-Allow-Origin"] == "*", "pages can read errors too"
    assert json.loads(response["body"])["title"] == "Method not allowed"


def test_head_is_get_without_a_body() -> None:
    for handler, resource in ((documents.handler, "/docs"), (validator.handler, "/health")):
        get = event("get_health.json", resource=resource)
        got, head = handler(get, CONTEXT), handler(get | {"httpMethod": "HEAD"}, CONTEXT)
        assert got["body"]
        assert head == {**got, "body": ""}


@pytest.mark.parametrize(
    ("origins", "origin", "allowed", "vary"),
    [
        (None, "https://a.example", None, None),
        ("any", "https://anyone.example", "*", None),
        ("any", None, "*", None),
        (ORIGINS, "https://a.example", "https://a.example", "Origin"),
        (ORIGINS, "http://localhost:3000", "http://localhost:3000", "Origin"),
        (ORIGINS, "https://b.example", None, "Origin"),
        (ORIGINS, "https://a.example.evil", None, "Origin"),
        (ORIGINS, "null", None, "Origin"),
        (ORIGINS, "*", None, "Origin"),
        (ORIGINS, "", None, "Origin"),
        (ORIGINS, None, None, "Origin"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "DELETE"])
def test_only_pages_of_the_allowed_origins_may_read(
    method: str, origins: str | None, origin: str | None, allowed: str | None, vary: str | None
) -> None:
    headers = send(method, "/docs", origin, origins)["headers"]
    assert headers.get("Access-Control-Allow-Origin") == allowed
    assert headers.get("Vary") == vary, "a cache must not serve one origin's response to another"
    assert any(name.startswith("Access-Control-") for name in headers) == (allowed is not None)
    assert "Access-Control-Allow-Credentials" not in headers
