"""The worker speaks the Lambda runtime API: results and real error types, one connection a call, no stray output."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.provisioner import packages

CODE = """
class TaskBroken(Exception):
    pass

def handler(event, context):
    if event.get("fail"):
        raise TaskBroken("because ü")
    return {"echo": event, "request": context.aws_request_id, "left": context.get_remaining_time_in_millis() > 0}
"""


class RuntimeApi(ThreadingHTTPServer):
    """Hands out two events, then closes; keeps what the worker reports."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: list[dict[str, Any]] = [{"n": 1}, {"fail": True}]
        self.reports: list[tuple[str, dict[str, str], Any]] = []


class _Handler(BaseHTTPRequestHandler):
    @property
    def api(self) -> RuntimeApi:
        assert isinstance(self.server, RuntimeApi)
        return self.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class calls it so
        return

    def do_GET(self) -> None:
        events = self.api.events
        body = json.dumps(events.pop(0)).encode() if events else b"stopped"
        self.send_response(500 if body == b"stopped" else 200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{len(events)}")
        self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.api.reports.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    server = RuntimeApi()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def work(api: RuntimeApi, code: Path, handler: str) -> subprocess.CompletedProcess[str]:
    script = code / "bootstrap"
    script.write_text(packages.bootstrap(), encoding="utf-8")
    script.chmod(0o755)
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": handler,
    }
    return subprocess.run([script], env=environment, cwd=code, capture_output=True, text=True, timeout=20, check=False)


def test_results_and_errors_are_reported_with_their_own_type(api: RuntimeApi, tmp_path: Path) -> None:
    package = tmp_path / "functions"  # the repository has a package of that name: the deployed one must win
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "demo.py").write_text(CODE, encoding="utf-8")
    ended = work(api, tmp_path, "functions.demo.handler")
    assert ended.returncode == 0, ended.stderr
    (path, _, result), (error_path, headers, error) = api.reports
    assert path == "/2018-06-01/runtime/invocation/request-1/response"
    assert result == {"echo": {"n": 1}, "request": "request-1", "left": True}
    assert error_path == "/2018-06-01/runtime/invocation/request-0/error"
    assert (error["errorType"], error["errorMessage"]) == ("TaskBroken", "because ü")
    assert error["stackTrace"]
    assert headers["Lambda-Runtime-Function-Error-Type"] == "Unhandled"


def test_a_function_behind_the_api_is_told_whose_key_the_client_has_shown(api: RuntimeApi, tmp_path: Path) -> None:
    (tmp_path / "demo.py").write_text(CODE, encoding="utf-8")
    headers = {"x-taskline-api-key-id": "key-1", "accept": "*/*"}
    rest = {"headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()}}
    message = {"Records": [{"body": "X-Taskline-Api-Key-Id"}]}
    api.events = [{"requestContext": {"identity": {"sourceIp": "::1"}}, **rest}, message]
    work(api, tmp_path, "demo.handler")
    (_, _, result), (_, _, untouched) = api.reports
    assert result["echo"] == {
        "requestContext": {"identity": {"sourceIp": "::1", "apiKeyId": "key-1"}},
        "headers": {"accept": "*/*"},
        "multiValueHeaders": {"accept": ["*/*"]},
    }
    assert untouched["echo"] == message


def test_a_handler_that_cannot_be_imported_is_an_init_error(api: RuntimeApi, tmp_path: Path) -> None:
    ended = work(api, tmp_path, "functions.missing.handler")
    assert ended.returncode == 1
    ((path, _, error),) = api.reports
    assert path == "/2018-06-01/runtime/init/error"
    assert error["errorType"] == "Runtime.ImportModuleError"


def test_a_worker_ends_quietly_when_the_emulator_is_gone(api: RuntimeApi, tmp_path: Path) -> None:
    api.server_close()
    (tmp_path / "demo.py").write_text(CODE, encoding="utf-8")
    ended = work(api, tmp_path, "demo.handler")
    assert (ended.returncode, ended.stderr) == (0, "")
