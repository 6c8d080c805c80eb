"""A stage's responses: from a function's payload, or an error as the document defines it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from local.services.http.gateway_errors import GatewayError, bad_response, not_invoked, too_slow
from local.services.http.messages import HttpRequest, HttpResponse
from tests.local.services.gateway.apis import declared, request, stage_of

RESPONSES = {
    "THROTTLED": {
        "statusCode": "420",
        "responseParameters": {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.Access-Control-Allow-Origin": "method.request.header.origin",
        },
        "responseTemplates": {
            "application/json": '{"detail": $context.error.messageString, "type": "$context.error.responseType",'
            ' "plain": "$context.error.message", "id": "$context.requestId", "price": "5$"}'
        },
    },
    "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.X-Default": "'4'"}},
    "DEFAULT_5XX": {"statusCode": 500},
    "INTEGRATION_FAILURE": {"statusCode": 504},
}


def rendered(error: GatewayError, sent: HttpRequest, responses: Any = RESPONSES) -> HttpResponse:
    declarations = declared({}, **{"x-amazon-apigateway-gateway-responses": responses})
    return stage_of(declarations).error_response(sent, error)


def test_an_error_is_rendered_as_the_document_defines_it() -> None:
    sent = request(headers=[("Origin", "https://app.example")])
    response = rendered(GatewayError("THROTTLED", 429, 'Too "many"', "TooManyRequestsException"), sent)
    assert response.status == 420
    assert dict(response.headers) == {
        "Content-Type": "application/problem+json",
        "Access-Control-Allow-Origin": "https://app.example",
        "x-amzn-ErrorType": "TooManyRequestsException",
        "x-amzn-RequestId": sent.id,
    }
    expected = '{"detail": "Too \\"many\\"", "type": "THROTTLED", "plain": "Too "many"", "id": "%s", "price": "5$"}'
    assert response.body.decode() == expected % sent.id


def test_a_request_header_that_was_not_sent_is_not_echoed() -> None:
    response = rendered(GatewayError("THROTTLED", 429, "m", "E"), request())
    assert "Access-Control-Allow-Origin" not in dict(response.headers)


def test_an_echoed_header_can_be_sent_whatever_bytes_it_holds() -> None:
    odd = b"\xff".decode(errors="surrogateescape")
    response = rendered(GatewayError("THROTTLED", 429, "m", "E"), request(headers=[("Origin", odd)]))
    assert dict(response.headers)["Access-Control-Allow-Origin"] == "ÿ"


def test_a_type_that_is_not_defined_falls_back_to_its_default() -> None:
    response = rendered(GatewayError("INVALID_API_KEY", 403, "Forbidden", "E"), request())
    assert (response.status, dict(response.headers)["X-Default"]) == (403, "4"), "the default sets no status"
    assert json.loads(response.body) == {"message": "Forbidden"}
    assert rendered(GatewayError("INVALID_API_KEY", 403, "Forbidden", "E"), request(), {}).status == 403


def test_the_document_defines_the_errors_of_functions_that_fail_do_not_run_or_are_slow() -> None:
    sent = request()
    errors = (bad_response(), not_invoked(), too_slow())
    assert [rendered(error, sent).status for error in errors] == [500, 504, 500]
    assert [rendered(error, sent, {}).status for error in errors] == [502, 500, 504], "AWS's own statuses"


def test_a_function_s_response_carries_the_request_id() -> None:
    response = stage_of(declared({})).respond(request(), b'{"statusCode": 201, "body": "made"}')
    assert (response.status, response.body) == (201, b"made")
    assert dict(response.headers)["x-amzn-RequestId"] == request().id


LONG = json.dumps({"body": "a" * 1024}).encode()


@pytest.mark.parametrize(
    ("accepted", "least", "packed"),
    [
        ("gzip", 1024, True),
        ("br;q=1.0, GZIP;q=0.5", 1024, True),
        ("gzip", 0, True),
        ("gzip", 1025, False),
        ("gzip", None, False),
        ("identity", 1024, False),
        ("br", 1024, False),
        (None, 1024, False),
    ],
)
def test_a_long_response_is_compressed_for_clients_that_accept_it(
    accepted: str | None, least: int | None, packed: bool
) -> None:
    sent = request(headers=[("Accept-Encoding", accepted)] if accepted else [])
    response = stage_of(declared({}, compress_from=least)).respond(sent, LONG)
    assert (dict(response.headers).get("Content-Encoding") == "gzip") == packed
    assert (gzip.decompress(response.body) if packed else response.body) == b"a" * 1024


def test_an_encoded_response_and_one_without_a_body_stay_unchanged() -> None:
    stage = stage_of(declared({}, compress_from=0))
    accepts = [("Accept-Encoding", "gzip")]
    encoded = stage.respond(request(headers=accepts), b'{"headers": {"content-encoding": "br"}, "body": "b"}')
    assert encoded.body == b"b"
    assert stage.respond(request("HEAD", headers=accepts), LONG).body == b"a" * 1024, "as long as the text"
    assert stage.respond(request(headers=accepts), b"{}").body == b""
