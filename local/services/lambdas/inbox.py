"""Takes the invocations that `local/services/lambdas/forwarder.py` brings from the emulator."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from local.services.lambdas.model import Invocation, InvocationRefused, Invoker, failure

BACKLOG = 128
STOP_SECONDS = 1.0


class Inbox:
    """A socket in a folder that only this user can enter. The emulator is given its `path` at its start."""

    def __init__(self) -> None:
        # Not in the state directory: the path of a socket can have about a hundred characters.
        self._folder = tempfile.mkdtemp(prefix="taskline-")
        self.path = str(Path(self._folder) / "invocations")
        self._closing = threading.Event()
        self._accepting: threading.Thread | None = None

    def open(self, invoker: Invoker) -> None:
        """Start taking invocations."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(BACKLOG)
        self._accepting = threading.Thread(
            target=self._accept_all, args=(listener, invoker), name="invocations", daemon=True
        )
        self._accepting.start()

    def close(self) -> None:
        """Take no more invocations."""
        self._closing.set()
        if self._accepting is not None:
            # A connection of our own ends the wait for one. Closing a listener does not, on every system.
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as wake:
                wake.connect(self.path)
            self._accepting.join(STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept_all(self, listener: socket.socket, invoker: Invoker) -> None:
        with listener:
            while not self._closing.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:  # too many open files: some will be closed
                    time.sleep(0.05)
                    continue
                if self._closing.is_set():
                    connection.close()
                else:
                    threading.Thread(target=_serve, args=(connection, invoker), daemon=True).start()


def _serve(connection: socket.socket, invoker: Invoker) -> None:
    """One invocation; it is lost only with the forwarder that waits for it."""
    with contextlib.suppress(OSError), connection, connection.makefile("rb") as request:
        function, _, event = request.read().partition(b"\n")
        invocation = _invoke(invoker, function.decode(), event)
        connection.sendall((b"error\n" if invocation.failed else b"response\n") + invocation.payload)


def _invoke(invoker: Invoker, function: str, event: bytes) -> Invocation:
    try:
        return invoker.invoke(function, event)
    except InvocationRefused as error:
        return failure(error.code, str(error))
    except Exception as error:  # the emulator must learn of every failure
        return failure(type(error).__name__, str(error))
