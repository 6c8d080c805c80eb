"""What the edition prints: a thread writes it, so that no task waits for a terminal."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Self, TextIO

MOST_LINES = 10_000
CLOSE_SECONDS = 2.0


class Terminal:
    """Prints lines in their order. For any thread; a context manager, which writes what is left at its end.

    A reader that stops reading (Ctrl-S, a pager, a full pipe) or goes away stops nothing: beyond `most` waiting lines
    further ones are left out, which is said as soon as somebody reads on. None is a stream that was closed before.
    """

    def __init__(self, stream: TextIO | None, most: int = MOST_LINES) -> None:
        self._file = stream.fileno() if stream else -1
        self._most = most if stream else 0
        self._lines: deque[str] = deque()
        self._left_out = 0
        self._closed = False
        self._changed = threading.Condition()
        self._writer = threading.Thread(target=self._write, name="terminal", daemon=True)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._writer.join(CLOSE_SECONDS)

    def say(self, text: str) -> None:
        """Print a line, or several, soon."""
        with self._changed:
            if len(self._lines) < self._most:
                self._lines.append(text)
                self._changed.notify()
            else:
                self._left_out += 1

    def _write(self) -> None:
        while text := self._next():
            try:
                self._put(memoryview(text.encode(errors="backslashreplace")))
            except BrokenPipeError:  # nobody reads any more, which is no error
                self._most = 0
            except OSError:  # a full disk, which may have space again
                continue

    def _put(self, text: memoryview) -> None:
        """Write past Python's own buffer: what is stuck in that would be waited for again at the end."""
        while text:
            text = text[os.write(self._file, text) :]

    def _next(self) -> str:
        """All that waits, as soon as there is something; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closed)
            lines = [*self._lines, *self._about_left_out()]
            self._lines.clear()
            return "".join(f"{line}\n" for line in lines)

    def _about_left_out(self) -> list[str]:
        count, self._left_out = self._left_out, 0
        return [f"({count} lines were left out while nobody read.)"] if count else []
