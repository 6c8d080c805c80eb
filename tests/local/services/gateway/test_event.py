"""A function receives the event that API Gateway documents: null for what is absent, the last of repeated values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.services.gateway.event import ProxyEvents
from local.services.http.messages import HttpRequest
from tests.local.services.gateway.apis import ACCOUNT, API, NOON, declared, operation, request, stage_of

RECORDED = Path(__file__).parents[3] / "functions" / "payloads"


def event_of(
    sent: HttpRequest, resource: str = "/tasks", parameters: dict[str, str] | None = None, **more: Any
) -> Any:
    events = ProxyEvents(
        resource=resource, account=ACCOUNT, api_id=API, stage="v1", variables=more.pop("variables", None)
    )
    return json.loads(events.event(sent, parameters or {}, more))


def test_an_event_has_every_field_of_one_from_aws() -> None:
    recorded = json.loads((RECORDED / "post_task.json").read_text(encoding="utf-8"))
    event = event_of(request("POST", headers=[("User-Agent", "curl"), ("Host", "localhost:4000")], body=b"{}"))
    assert event.keys() == recorded.keys()
    missing = {"deploymentId"}  # nothing on the laptop depends on a deployment
    assert event["requestContext"].keys() == recorded["requestContext"].keys() - missing
    assert event["requestContext"]["identity"].keys() == recorded["requestContext"]["identity"].keys()
    forwarded = {"X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id"}
    assert forwarded < event["headers"].keys()
    assert forwarded < recorded["headers"].keys()


def test_what_is_absent_is_null() -> None:
    event = event_of(request())
    nothing = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body")
    assert [event[name] for name in nothing] == [None] * len(nothing)
    assert event["isBase64Encoded"] is False
    identity = event["requestContext"]["identity"]
    assert identity.pop("sourceIp") == "203.0.113.7"
    assert set(identity.values()) == {None}


def test_the_context_describes_the_request() -> None:
    sent = request(
        "PUT", "/tasks/7/", headers=[("Host", "api.localhost:4000"), ("User-Agent", "curl/8")], at=NOON + 0.25
    )
    event = event_of(sent, "/tasks/{task_id}", {"task_id": "7"}, variables={"cors_origins": "any"})
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/tasks/{task_id}", "/tasks/7/", "PUT")
    assert (event["pathParameters"], event["stageVariables"]) == ({"task_id": "7"}, {"cors_origins": "any"})
    context = event["requestContext"]
    assert context.pop("identity")["userAgent"] == "curl/8"
    assert context.pop("resourceId")
    assert context == {
        "accountId": ACCOUNT,
        "apiId": API,
        "domainName": "api.localhost",
        "domainPrefix": "api",
        "extendedRequestId": sent.id,
        "httpMethod": "PUT",
        "path": "/v1/tasks/7/",
        "protocol": "HTTP/1.1",
        "requestId": sent.id,
        "requestTime": "31/Jan/2026:12:00:00 +0000",
        "requestTimeEpoch": 1_769_860_800_250,
        "resourcePath": "/tasks/{task_id}",
        "stage": "v1",
    }


@pytest.mark.parametrize(
    ("path", "in_event", "in_context"),
    [
        ("", "/", "/v1"),
        ("/", "/", "/v1/"),
        ("//tasks", "/tasks", "/v1//tasks"),
        ("/a%2Fb/c%20d", "/a%2Fb/c%20d", "/v1/a%2Fb/c%20d"),
    ],
)
def test_the_path_stays_percent_encoded(path: str, in_event: str, in_context: str) -> None:
    event = event_of(request(path=path))
    assert (event["path"], event["requestContext"]["path"]) == (in_event, in_context)


@pytest.mark.parametrize("sent", ["a%20b", "a%2Fb", "a%2fb", "100%25", "%C3%BC"])
def test_a_rest_api_passes_path_parameters_on_as_they_were_sent(sent: str) -> None:
    stage = stage_of(declared({"/tasks/{task_id}": {"get": operation()}}))
    event = json.loads(stage.call(request(path=f"/tasks/{sent}")).event)
    assert event["pathParameters"] == {"task_id": sent}, "an HTTP API would have decoded it"
    assert event["path"] == f"/tasks/{sent}"


def test_query_parameters_are_decoded_and_the_last_value_wins() -> None:
    event = event_of(request(query="x=1&x=%26&y=a+b%2Bc&empty&%C3%BC=%ff&=n"))
    every = {"x": ["1", "&"], "y": ["a b+c"], "empty": [""], "ü": ["\ufffd"], "": ["n"]}
    assert event["multiValueQueryStringParameters"] == every
    assert event["queryStringParameters"] == {name: values[-1] for name, values in every.items()}
    assert event_of(request(query="&"))["queryStringParameters"] is None


def test_headers_keep_their_spelling_and_their_order() -> None:
    sent = [("X-Twice", "1"), ("x-odd", "é;q="), ("x-twice", "2"), ("Content-Type", "text/odd")]
    event = event_of(request(headers=sent))
    assert event["headers"]["X-Twice"] == "2", "the last one wins"
    assert event["multiValueHeaders"]["X-Twice"] == ["1", "2"]
    assert "x-twice" not in event["headers"]
    assert (event["headers"]["x-odd"], event["headers"]["Content-Type"]) == ("é;q=", "text/odd")
    assert event["headers"].keys() == event["multiValueHeaders"].keys()


def test_a_header_that_is_not_utf_8_is_read_as_latin_1() -> None:
    sent = b"caf\xe9".decode(errors="surrogateescape")  # as the HTTP server hands it over
    assert event_of(request(headers=[("X-Odd", sent)]))["headers"]["X-Odd"] == "café"


def test_connection_headers_are_not_passed_on() -> None:
    sent = [("Connection", "close, X-Hop"), ("X-Hop", "1"), ("TE", "trailers"), ("Content-Length", "2")]
    event = event_of(request(headers=[*sent, ("X-Kept", "1")]))
    assert event["headers"].keys() & {"Connection", "X-Hop", "TE", "Content-Length", "X-Kept"} == {"X-Kept"}


def test_the_gateway_adds_its_forwarding_headers() -> None:
    sent = [("x-forwarded-for", "198.51.100.1"), ("X-Forwarded-For", "198.51.100.2"), ("X-Forwarded-Proto", "gopher")]
    headers = event_of(request(headers=sent))["headers"]
    assert headers["X-Forwarded-For"] == "198.51.100.1, 198.51.100.2, 203.0.113.7"
    assert (headers["X-Forwarded-Port"], headers["X-Forwarded-Proto"]) == ("4000", "http")
    assert "x-forwarded-for" not in headers


def test_a_trace_is_started_unless_the_client_has_started_one() -> None:
    assert event_of(request())["headers"]["X-Amzn-Trace-Id"] == "Root=1-697deec0-5f3c9f8e9d0b4a538a4e6d1a"
    theirs = [("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793")]
    headers = event_of(request(headers=theirs))["headers"]
    assert [name for name in headers if name.lower() == "x-amzn-trace-id"] == ["x-amzn-trace-id"]


def test_a_body_is_text_and_other_bytes_are_replaced() -> None:
    assert event_of(request(body='{"a": "ü"}'.encode()))["body"] == '{"a": "ü"}'
    assert event_of(request(body=b"\xff\x00a"))["body"] == "\ufffd\x00a"


def test_a_key_and_a_signature_are_part_of_the_identity() -> None:
    identity = event_of(request(), apiKey="secret", apiKeyId="key-1", userArn="arn:user")["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"], identity["userArn"]) == ("secret", "key-1", "arn:user")
    assert identity["caller"] is None
