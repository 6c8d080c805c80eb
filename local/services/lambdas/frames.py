"""What a worker and the laptop edition say to each other: frames of one kind and one body, over a socket.

Read by both sides, the worker's before anything else: no imports but the standard library's.
"""

from __future__ import annotations

import socket
import struct

INVOKE, LINE, READY, RESULT, ERROR, INIT_ERROR = b"ILNREX"
_HEAD = struct.Struct("!BI")


class Closed(Exception):
    """The other side is gone."""


class Link:
    """One side of the socket. Sending is for any thread, if `send` is not called from two at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._received = bytearray()

    def send(self, kind: int, body: bytes, seconds: float | None = None) -> None:
        """Send one frame. `TimeoutError` when it was not taken in time, `Closed` if nobody is there to take it."""
        try:
            self._end.settimeout(seconds)
            self._end.sendall(_HEAD.pack(kind, len(body)) + body)
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed from error

    def receive(self, seconds: float | None = None) -> tuple[int, bytes]:
        """The next frame. `TimeoutError` when none came in time, `Closed` when none will come."""
        self._end.settimeout(seconds)
        kind, size = _HEAD.unpack(self._take(_HEAD.size))
        return kind, self._take(size)

    def close(self) -> None:
        """Hang up."""
        self._end.close()

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            try:
                chunk = self._end.recv(65536)
            except TimeoutError:
                raise
            except OSError as error:
                raise Closed from error
            if not chunk:
                raise Closed
            self._received += chunk
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken
