"""A package index (PEP 503) on this machine, with every locked release and a newer one of every package."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.install import locks, wheels

NEWER = "9999.0"
NEWCOMER = "taskline-newcomer"  # every newer release requires it, and no lock contains it
GROUPS = ("check", "laptop", "test", "uv")
REAL = ("uv", "pip")  # the other packages are never run


class Shelf:
    """A folder with wheels of all locked packages, and the locks with the hashes of these wheels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.by_name: dict[str, list[Path]] = defaultdict(list)
        self.hashes: dict[str, str] = {}
        # Some packages are locked in two versions, for two Pythons.
        for line in {line[:2]: line for lock in GROUPS for line in locks.read(_lock(lock))}.values():
            self._add(line.name, line.version)
        for name, files in self.by_name.items():
            requirements = [*wheels.headers_of(name), ("Requires-Dist", NEWCOMER)]
            files.append(wheels.tiny(folder, name, NEWER, requirements))
        self.by_name[NEWCOMER].append(wheels.tiny(folder, NEWCOMER, "1.0"))

    def _add(self, name: str, version: str) -> None:
        real = wheels.packed(self.folder, name) if name in REAL else None
        locked = real or wheels.tiny(self.folder, name, version, wheels.headers_of(name))
        self.by_name[name].append(locked)
        self.hashes[f"{name}=={version}"] = wheels.sha256(locked)

    def hash_of(self, name: str) -> str:
        """The hash of the locked wheel, or of the first of several."""
        return wheels.sha256(self.by_name[name][0])

    def lock(self, name: str) -> str:
        """The real lock, with the hashes of these wheels."""
        return "".join(map(self._hashed, locks.entries(_lock(name))))

    def _hashed(self, entry: str) -> str:
        requirement = entry.partition("\n")[0]
        return f"{requirement}\n    --hash=sha256:{self.hashes[requirement.split()[0]]}\n"


def _lock(name: str) -> Path:
    return locks.LOCKS / f"{name}.txt"


class Index:
    """Serves a shelf. `before` is called with the path of each request; it may wait, or raise to disconnect."""

    def __init__(self, shelf: Shelf, port: int) -> None:
        self.shelf = shelf
        self.url = f"http://127.0.0.1:{port}/simple"
        self.requested: list[str] = []
        self.clients: set[str] = set()
        self.before: Callable[[str], None] = lambda path: None

    def hold(self, fragment: str) -> Gate:
        """Hold back the response to requests whose path contains this fragment until the gate is opened."""
        gate = Gate()

        def wait(path: str) -> None:
            if fragment in path:
                gate.reached.set()
                gate.opened.wait(60)

        self.before = wait
        return gate

    def page(self, name: str) -> str | None:
        files = self.shelf.by_name.get(name)
        if files is None:
            return None
        links = [f'<a href="/wheels/{file.name}#sha256={wheels.sha256(file)}">{file.name}</a>' for file in files]
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"


class Gate:
    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()


@contextlib.contextmanager
def serve(shelf: Shelf) -> Generator[Index]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.requested.append(self.path)
            index.clients.add(self.headers["User-Agent"].partition(" ")[0])
            try:
                index.before(self.path)
            except ConnectionError:
                return
            kind, _, name = self.path.strip("/").partition("/")
            if kind == "simple" and (page := index.page(name)):
                self._respond(page.encode(), "text/html")
            elif kind == "wheels" and (file := shelf.folder / name).is_file():
                self._respond(file.read_bytes(), "application/octet-stream")
            else:
                self.send_error(404)

        def _respond(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the client may have been killed
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # uv opens dozens of connections at the same time

    server = Server(("127.0.0.1", 0), Handler)
    index = Index(shelf, server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
