"""Invocations through the emulator reach the laptop edition, and their outcomes the emulator."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.program.resources.functions import packages
from local.services.lambdas.forwarder import SOCKET_VARIABLE
from local.services.lambdas.inbox import Inbox
from local.services.lambdas.model import Invocation, InvocationRefused
from tests.local.laptop import eventually

ODD = '{"text": "ü\u2028",\r\n\n "n": 1.0}'.encode()  # parsing it and writing it again would change it
PREFIX = "/2018-06-01/runtime/invocation"


class RuntimeApi(ThreadingHTTPServer):
    """The emulator's side: hands out events, then reports that the environment was replaced; keeps the outcomes."""

    def __init__(self, *events: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events = list(events)
        self.reports: list[tuple[str, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    @property
    def api(self) -> RuntimeApi:
        assert isinstance(self.server, RuntimeApi)
        return self.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        return

    def do_GET(self) -> None:
        assert self.path == f"{PREFIX}/next"
        event = self.api.events.pop(0) if self.api.events else None
        self.send_response(500 if event is None else 200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{len(self.api.events)}")
        self.send_header("Content-Length", str(len(event or b"")))
        self.end_headers()
        self.wfile.write(event or b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.api.reports.append((self.path.removeprefix(f"{PREFIX}/"), body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()


@dataclass
class FakeFunctions:
    """Runs nothing: each invocation has the next outcome."""

    outcomes: list[Invocation | Exception]
    calls: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])

    def invoke(self, function: str, payload: bytes) -> Invocation:
        self.calls.append((function, payload))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    server = RuntimeApi(ODD)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


def forward(api: RuntimeApi, inbox: Inbox, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a function's `bootstrap` as the emulator does, until it ends."""
    script = folder / "bootstrap"
    script.write_text(packages.bootstrap(), encoding="utf-8")
    script.chmod(0o755)
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "demo",
        SOCKET_VARIABLE: inbox.path,
    }
    return subprocess.run(
        [script], env=environment, cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )


def test_events_results_and_errors_are_passed_on_byte_for_byte(api: RuntimeApi, inbox: Inbox, tmp_path: Path) -> None:
    api.events = [b"{}", ODD, b""]
    functions = FakeFunctions(
        [
            Invocation(payload=ODD),
            Invocation(payload=b'{"errorType": "TaskBroken"}', failed=True),
            Invocation(payload=b""),
        ]
    )
    inbox.open(functions)
    ended = forward(api, inbox, tmp_path)
    assert functions.calls == [("demo", b"{}"), ("demo", ODD), ("demo", b"")]
    assert api.reports == [
        ("request-2/response", ODD),
        ("request-1/error", b'{"errorType": "TaskBroken"}'),
        ("request-0/response", b""),
    ]
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip() == "", "the function's log lines take another way"


def test_a_large_event_and_a_large_result_arrive_whole(api: RuntimeApi, inbox: Inbox, tmp_path: Path) -> None:
    large = b'"' + b"x" * 6_000_000 + b'"'
    api.events = [large]
    functions = FakeFunctions([Invocation(payload=large)])
    inbox.open(functions)
    forward(api, inbox, tmp_path)
    assert functions.calls == [("demo", large)]
    assert api.reports == [("request-0/response", large)]


@pytest.mark.parametrize(
    ("error", "report"),
    [
        (
            InvocationRefused("TooManyRequestsException", "Rate Exceeded: demo", 429),
            b'{"errorType": "TooManyRequestsException", "errorMessage": "Rate Exceeded: demo"}',
        ),
        (OSError("no process"), b'{"errorType": "OSError", "errorMessage": "no process"}'),
    ],
)
def test_every_failure_is_reported_to_the_emulator(
    api: RuntimeApi, inbox: Inbox, tmp_path: Path, error: Exception, report: bytes
) -> None:
    inbox.open(FakeFunctions([error]))
    forward(api, inbox, tmp_path)
    assert api.reports == [("request-0/error", report)]


def test_a_forwarder_ends_quietly_when_the_emulator_is_gone(api: RuntimeApi, inbox: Inbox, tmp_path: Path) -> None:
    api.shutdown()
    api.server_close()
    ended = forward(api, inbox, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_closing_the_inbox_takes_no_time(inbox: Inbox) -> None:
    inbox.open(FakeFunctions([]))
    started = time.monotonic()
    inbox.close()
    assert time.monotonic() - started < 0.2, "it must not wait for a poll"
    with pytest.raises(OSError, match="No such file"), socket.socket(socket.AF_UNIX) as client:
        client.connect(inbox.path)


def test_a_forwarder_that_goes_away_does_not_end_the_inbox(inbox: Inbox) -> None:
    functions = FakeFunctions([Invocation(payload=b"1"), Invocation(payload=b"2")])
    inbox.open(functions)
    for number in (1, 2):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(inbox.path)
            client.sendall(b"demo\n{}")
            client.shutdown(socket.SHUT_WR)
            if number == 2:
                assert client.makefile("rb").read() == b"response\n2"
        eventually(lambda wanted=number: len(functions.calls) == wanted)


def test_only_this_user_can_invoke_functions_through_the_socket(inbox: Inbox) -> None:
    folder = Path(inbox.path).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    inbox.open(FakeFunctions([]))
    inbox.close()
    assert not folder.exists(), "nothing is left behind"
