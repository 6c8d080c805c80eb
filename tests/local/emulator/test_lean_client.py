"""Calls without botocore's overhead: the same requests, signatures, results and errors, over kept connections."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import EndpointConnectionError, ParamValidationError, ReadTimeoutError

from local.emulator.lean_client import LeanClient, sign
from tests.local.laptop import free_port

ITEM = {"Item": {"task_id": {"S": "ü"}, "attempts": {"N": "1"}, "data": {"B": "AAE="}}}
QUEUE = "http://127.0.0.1/000000000000/tasks.fifo"


class Aws(ThreadingHTTPServer):
    """Serves every request with `response`: status, headers, body. Keeps the requests, and counts connections."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.response: tuple[int, Mapping[str, str], bytes] = (200, {}, b"{}")
        self.requests: list[Any] = []
        self.connections = 0
        self.hangs_up = False
        self.hung_up = threading.Event()
        self.may_respond = threading.Event()
        self.may_respond.set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not report a client that no longer waits for its response."""

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.hung_up.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        return

    def do_POST(self) -> None:
        aws = self.server
        assert isinstance(aws, Aws)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        aws.requests.append(SimpleNamespace(headers=dict(self.headers), body=body, path=self.path))
        aws.may_respond.wait(30)
        status, headers, content = aws.response
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = aws.hangs_up  # without a `Connection: close`


@pytest.fixture
def aws() -> Iterator[Aws]:
    server = Aws()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.may_respond.set()
    server.shutdown()
    server.server_close()


def usual(service: str, port: int, token: str | None = "token") -> Any:
    """The botocore client that the lean one stands in for."""
    session = boto3.session.Session("key", "secret", token, region_name="eu-west-1")
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
    return session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=config)  # type: ignore[call-overload]


def lean(service: str, port: int, token: str | None = "token") -> Any:
    return LeanClient(usual(service, port, token))


def signature(request: Any, service: str, port: int, token: str | None) -> str:
    """The Authorization header that botocore's own signer would have sent with the request."""
    credentials = Credentials("key", "secret", token)
    signed = request.headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    added = {"host", "x-amz-date", "x-amz-security-token"}
    headers = {name: value for name, value in request.headers.items() if name.lower() in set(signed) - added}
    again = AWSRequest("POST", f"http://127.0.0.1:{port}{request.path}", headers=headers, data=request.body)
    again.context["timestamp"] = request.headers["X-Amz-Date"]
    signer: Any = SigV4Auth(credentials, service, "eu-west-1")
    signer._modify_request_before_signing(again)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    signer._inject_signature_to_request(again, signer.signature(text, again))
    return again.headers["Authorization"]


@pytest.mark.parametrize("token", ["a token/+=", None])
@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("dynamodb", "get_item", {"TableName": "tasks", "Key": {"task_id": {"S": "ü"}}}),
        ("sqs", "receive_message", {"QueueUrl": QUEUE, "MaxNumberOfMessages": 1}),
    ],
)
def test_a_request_and_its_signature_are_botocore_s_own(
    aws: Aws, service: str, operation: str, parameters: dict[str, Any], token: str | None
) -> None:
    for make in (usual, lean):
        getattr(make(service, aws.server_port, token), operation)(**parameters)
    theirs, ours = aws.requests
    assert ours.body == theirs.body
    for name in ("X-Amz-Target", "Content-Type", "Host", "X-Amz-Security-Token"):
        assert ours.headers.get(name) == theirs.headers.get(name), name
    assert ours.headers["Authorization"] == signature(ours, service, aws.server_port, token)
    scope = f"{ours.headers['X-Amz-Date'][:8]}/eu-west-1/{service}/aws4_request"
    assert f"Credential=key/{scope}" in theirs.headers["Authorization"]
    assert f"Credential=key/{scope}" in ours.headers["Authorization"]


def test_each_day_is_signed_with_its_own_key() -> None:
    def authorization(day: int) -> str:
        headers = {"Host": "h"}
        credentials = Credentials("key", "secret")
        moment = datetime(2026, 1, day, 23, 59, 59, tzinfo=UTC)
        sign("POST", "/", "", headers, b"", credentials, ("eu-west-1", "sqs"), lambda: moment)
        return headers["Authorization"]

    assert authorization(1) == authorization(1)
    assert authorization(1).partition("Signature=")[2] != authorization(2).partition("Signature=")[2]


def test_a_result_is_parsed_as_botocore_parses_it(aws: Aws) -> None:
    aws.response = (
        200,
        {"x-amzn-RequestId": "id", "Content-Type": "application/x-amz-json-1.0"},
        json.dumps(ITEM).encode(),
    )
    request = {"TableName": "tasks", "Key": {"task_id": {"S": "ü"}}}
    theirs, ours = (make("dynamodb", aws.server_port).get_item(**request) for make in (usual, lean))
    assert ours["Item"] == theirs["Item"] == {"task_id": {"S": "ü"}, "attempts": {"N": "1"}, "data": {"B": b"\0\1"}}
    assert ours["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert ours["ResponseMetadata"]["RequestId"] == "id"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "response", "error"),
    [
        (
            "dynamodb",
            "get_item",
            {"TableName": "tasks", "Key": {"task_id": {"S": "1"}}},
            (400, {}, b'{"__type": "com.amazonaws#ConditionalCheckFailedException", "message": "no"}'),
            "ConditionalCheckFailedException",
        ),
        (
            "sqs",
            "delete_message",
            {"QueueUrl": QUEUE, "ReceiptHandle": "r"},
            (
                400,
                {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
                b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}',
            ),
            "QueueDoesNotExist",
        ),
        (
            "sqs",
            "delete_message",
            {"QueueUrl": QUEUE, "ReceiptHandle": "r"},
            (
                400,
                {"x-amzn-query-error": "ReceiptHandleIsInvalid;Sender"},
                b'{"__type": "com.amazonaws.sqs#ReceiptHandleIsInvalid", "message": "no"}',
            ),
            "ReceiptHandleIsInvalid",
        ),
        ("dynamodb", "list_tables", {}, (400, {}, b'{"__type": "SomethingNew", "message": "no"}'), "ClientError"),
        ("dynamodb", "list_tables", {}, (500, {}, b"<html>not JSON</html>"), "ClientError"),
        ("dynamodb", "list_tables", {}, (503, {}, b""), "ClientError"),
    ],
)
def test_an_error_has_the_client_s_own_class_and_botocore_s_message(
    aws: Aws, service: str, operation: str, parameters: dict[str, Any], response: Any, error: str
) -> None:
    aws.response = response
    raised: list[Any] = []
    for make in (usual, lean):
        client = make(service, aws.server_port)
        with pytest.raises(getattr(client.exceptions, error)) as caught:
            getattr(client, operation)(**parameters)
        assert type(caught.value).__name__ == error
        raised.append(caught.value)
    theirs, ours = raised
    assert ours.response["Error"] == theirs.response["Error"]
    assert ours.operation_name == theirs.operation_name
    assert str(ours) == str(theirs).replace(" (reached max retries: 0)", "")


def test_a_request_that_botocore_rejects_is_not_sent(aws: Aws) -> None:
    with pytest.raises(ParamValidationError):
        lean("dynamodb", aws.server_port).get_item(TableName="tasks", Key="not a map")
    assert aws.requests == []


def test_successive_calls_share_a_connection(aws: Aws) -> None:
    client = lean("dynamodb", aws.server_port)
    for _ in range(5):
        client.list_tables()
    assert aws.connections == 1


def test_concurrent_calls_have_a_connection_each_and_keep_their_results_apart(aws: Aws) -> None:
    client = lean("dynamodb", aws.server_port)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: client.get_item(TableName="t", Key={"k": {"N": str(number)}}), range(80)))
    assert aws.connections <= 8
    assert sorted(json.loads(one.body)["Key"]["k"]["N"] for one in aws.requests) == sorted(map(str, range(80)))


def test_a_connection_that_the_server_has_closed_is_replaced(aws: Aws) -> None:
    client = lean("dynamodb", aws.server_port)
    aws.hangs_up = True
    client.list_tables()
    assert aws.hung_up.wait(20)
    aws.hangs_up = False
    client.list_tables()
    client.list_tables()
    assert aws.connections == 2


def test_a_response_that_closes_its_connection_is_followed_by_a_new_one(aws: Aws) -> None:
    client = lean("dynamodb", aws.server_port)
    aws.response = 200, {"Connection": "close"}, b"{}"
    client.list_tables()
    client.list_tables()
    assert aws.connections == 2


def test_a_server_that_is_gone_raises_botocore_s_error() -> None:
    port = free_port()
    client = lean("sqs", port)
    for _ in range(2):
        with pytest.raises(EndpointConnectionError, match=str(port)):
            client.receive_message(QueueUrl=QUEUE)


def test_a_server_that_closes_in_the_middle_raises_botocore_s_error() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = lean("dynamodb", listener.getsockname()[1])
        with ThreadPoolExecutor(1) as thread:
            calling = thread.submit(client.list_tables)
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            connection.close()
            with pytest.raises(EndpointConnectionError):
                calling.result(20)


def test_a_server_that_is_too_slow_raises_botocore_s_error(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.emulator.lean_client.READ_SECONDS", 0.05)
    client = lean("dynamodb", aws.server_port)
    aws.may_respond.clear()
    with pytest.raises(ReadTimeoutError):
        client.list_tables()
    monkeypatch.undo()
    aws.may_respond.set()
    assert client.list_tables()["ResponseMetadata"]["HTTPStatusCode"] == 200, "on a new connection"
    assert aws.connections == 2


def test_everything_else_is_the_wrapped_client_s_own(aws: Aws) -> None:
    plain = usual("dynamodb", aws.server_port)
    client = LeanClient(plain)
    assert client.exceptions is plain.exceptions
    assert client.meta.region_name == "eu-west-1"
    aws.response = 200, {}, b'{"TableNames": ["tasks"]}'
    pages = client.get_paginator("list_tables").paginate()
    assert [name for page in pages for name in page["TableNames"]] == ["tasks"]
    with pytest.raises(AttributeError):
        _ = client.no_such_operation
