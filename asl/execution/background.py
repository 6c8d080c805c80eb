"""Threads for blocking calls. They are reused, because starting one can cost more than the call itself."""

import queue
import threading
from collections.abc import Callable
from typing import TypeAlias

Work: TypeAlias = Callable[[], None]


class Background:
    """Runs work immediately, without a limit, on an idle thread or on a new one.

    The threads are daemons, because abandoned work must not keep the process alive. `concurrent.futures` would wait
    for its threads at exit.
    """

    def __init__(self) -> None:
        self._idle: list[queue.SimpleQueue[Work]] = []

    def run(self, work: Work) -> None:
        """Start work, which must not raise."""
        try:
            inbox = self._idle.pop()
        except IndexError:
            inbox = queue.SimpleQueue[Work]()
            threading.Thread(target=self._serve, args=(inbox,), daemon=True).start()
        inbox.put(work)

    def _serve(self, inbox: "queue.SimpleQueue[Work]") -> None:
        while True:
            inbox.get()()
            self._idle.append(inbox)


BACKGROUND = Background()
