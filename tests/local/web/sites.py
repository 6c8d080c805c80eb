"""The servers of an attack: the site of the page, a relay that rebinds a name, and a server without guard."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("attacks.js").read_text(encoding="utf-8")
Results = list[dict[str, Any]]
"""For each attempt its `name`, and the `status` and the `text` that the page could read."""


def page(plan: dict[str, Any]) -> bytes:
    """The attacking page."""
    script = f"{SCRIPT}\nattack({json.dumps(plan)});"
    return f"<!doctype html><meta charset=utf-8><title>A page</title><body><script>{script}</script>".encode()


class Site:
    """Serves the attacking page, and takes its report."""

    def __init__(self) -> None:
        self.plan: dict[str, Any] = {}
        self.reports: queue.SimpleQueue[Results] = queue.SimpleQueue()
        self.port = 0

    @property
    def report_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/report"

    def get(self, _handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "text/html"}, page(self.plan)

    def post(self, _handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.reports.put(json.loads(body))
        return 204, {}, b""


class Unguarded:
    """Answers whatever the host and whoever asks, like a server that expects no web page. Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None, str]] = []
        self.port = 0

    def get(self, handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        return self.post(handler, b"")

    def post(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.asked.append((handler.command, handler.path, handler.headers.get("Content-Type"), body.decode()))
        allowed = {f"Access-Control-Allow-{what}": "*" for what in ("Origin", "Methods", "Headers")}
        return 200, allowed | {"Content-Type": "text/event-stream"}, b"data: unguarded\n\n"


@contextlib.contextmanager
def serving(site: Site | Unguarded) -> Generator[None]:
    """Serve the site on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            simple = self.command in ("GET", "HEAD", "OPTIONS")
            status, headers, content = site.get(self) if simple else site.post(self, body)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = respond  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def rebinding(content: bytes, target: int) -> Generator[int]:
    """The port of a relay: `/page` is the page, everything else the server on port `target`.

    A browser that connects to it for every request to `http://rebound.example:TARGET` sends what it would send once
    that name stands for 127.0.0.1, and the bytes pass unchanged.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, content, target), daemon=True).start()
        yield port
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, content: bytes, target: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(client, content, target), daemon=True).start()


def _relay(client: socket.socket, content: bytes, target: int) -> None:
    with contextlib.suppress(OSError), client:
        if not (begin := client.recv(65536)):
            return
        if begin.startswith(b"GET /page "):
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + content)
            return
        with socket.create_connection(("127.0.0.1", target)) as server:
            server.sendall(begin)
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
