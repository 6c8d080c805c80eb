"""The protocol between a worker and the laptop edition: frames over a socket, each with a kind and a body.

Both sides import this module, the worker before anything else: it imports the standard library alone.
"""

from __future__ import annotations

import socket
import struct

INVOKE, LINE, READY, RESULT, ERROR, INIT_ERROR = b"ILNREX"
_HEAD = struct.Struct("!BI")


class Closed(Exception):
    """The other side is gone."""


class Link:
    """One side of the socket. Any thread may send, but only one at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._received = bytearray()

    def send(self, kind: int, body: bytes, seconds: float | None = None) -> None:
        """Send one frame. Raises `TimeoutError` if it is not taken in time, `Closed` if the other side is gone."""
        try:
            self._end.settimeout(seconds)
            self._end.sendall(_HEAD.pack(kind, len(body)) + body)
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed from error

    def receive(self, seconds: float | None = None) -> tuple[int, bytes]:
        """The next frame. Raises `Closed` if the other side is gone, and `TimeoutError` if nothing arrives in time:
        what has arrived of the frame is kept for the next call.
        """
        self._end.settimeout(seconds)
        self._wait_for(_HEAD.size)
        kind, size = _HEAD.unpack_from(self._received)
        end = _HEAD.size + size
        self._wait_for(end)
        body = bytes(self._received[_HEAD.size : end])
        del self._received[:end]
        return kind, body

    def close(self) -> None:
        """Close the connection."""
        self._end.close()

    def _wait_for(self, size: int) -> None:
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
