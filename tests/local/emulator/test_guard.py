"""The guard admits only Taskline."""

import asyncio
from typing import Any

import pytest

from local.emulator import emulator_process
from local.emulator.process.guard import guarded
from local.services.lambdas import forwarder

SECRET, HOST = "s3cret-of-this-start", "127.0.0.1:5000"
SDK = ("user-agent", f"Boto3/1.43 md/Botocore#1.43 app/{SECRET}")


def admitted(*headers: tuple[str, str], kind: str = "http") -> bool:
    """Whether a request with these headers reaches the application; a refused one gets an error and nothing else."""
    reached: list[str] = []
    sent: list[Any] = []

    async def application(scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(scope["type"])

    async def receive() -> Any:
        raise AssertionError("nothing is read from a request that is refused")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "path": "/", "headers": [(name.encode(), value.encode()) for name, value in headers]}
    asyncio.run(guarded(application, SECRET, HOST)(scope, receive, send))
    assert bool(reached) != bool(sent)
    assert not sent or sent[0].get("status", sent[0].get("code")) in (403, 1008)
    return bool(reached)


def test_the_guard_admits_clients_that_know_the_secret() -> None:
    assert admitted(("host", HOST), SDK)
    assert admitted(("host", HOST), ("user-agent", f"app/{SECRET}"))
    assert admitted(kind="lifespan"), "the server's own start and stop"


@pytest.mark.parametrize(
    "headers",
    [
        [("host", HOST)],
        [("host", HOST), ("user-agent", "Boto3/1.43")],
        [("host", HOST), ("user-agent", "app/another")],
        [("host", HOST), ("user-agent", f"app/{SECRET}x")],
        [("host", HOST), ("user-agent", f"xapp/{SECRET}")],
        [("host", HOST), ("authorization", "AWS4-HMAC-SHA256 Credential=test/20260131/us-east-1/sqs/aws4_request")],
        [("host", HOST), SDK, ("origin", "http://evil.example")],
        [("host", HOST), SDK, ("origin", f"http://{HOST}")],
        [("host", HOST), SDK, ("sec-fetch-site", "cross-site")],
        [("host", HOST), SDK, ("sec-fetch-mode", "no-cors")],
        [("host", "evil.example:5000"), SDK],
        [("host", "localhost:5000"), SDK],
        [("host", HOST), ("host", "evil.example"), SDK],
        [SDK],
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_guard_refuses_everyone_else(headers: list[tuple[str, str]], kind: str) -> None:
    assert not admitted(*headers, kind=kind)


def test_the_forwarder_knows_the_secret_by_the_same_name() -> None:
    """It runs without our packages on its path, so the name stands in both files."""
    assert forwarder.SECRET_VARIABLE == emulator_process.SECRET_VARIABLE
