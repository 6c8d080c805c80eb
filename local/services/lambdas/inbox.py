"""Takes the invocations that `local/services/lambdas/forwarder.py` brings from the emulator."""

from __future__ import annotations

import shutil
import socketserver
import tempfile
import threading
from pathlib import Path

from local.services.lambdas.model import InvocationRefused, Invoker, failure


class Inbox:
    """A socket in a folder that only this user can enter. The emulator learns its `path` when it is started."""

    def __init__(self) -> None:
        # Not in the state directory: a socket's path has a hundred characters at most.
        self._folder = tempfile.mkdtemp(prefix="taskline-")
        self.path = str(Path(self._folder) / "invocations")
        self._server: _Server | None = None

    def open(self, invoker: Invoker) -> None:
        """Begin to answer."""
        self._server = _Server(self.path, invoker)
        threading.Thread(target=self._server.serve_forever, name="invocations", daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, invoker: Invoker) -> None:
        super().__init__(path, _Forwarded)
        self.invoker = invoker


class _Forwarded(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        function, _, event = self.rfile.read().partition(b"\n")
        try:
            invocation = self.server.invoker.invoke(function.decode(), event)
        except InvocationRefused as error:
            invocation = failure(error.code, str(error))
        except Exception as error:  # whatever it is, the emulator must hear of it
            invocation = failure(type(error).__name__, str(error))
        self.wfile.write((b"error\n" if invocation.failed else b"response\n") + invocation.payload)
