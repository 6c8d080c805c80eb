"""Threads for blocking calls, used again: a new one for each call costs more than many calls do."""

import queue
import threading
from collections.abc import Callable
from typing import TypeAlias

Work: TypeAlias = Callable[[], None]


class Background:
    """Runs work at once, however much there is, on a thread that is free or on a new one.

    The threads are daemons: work that is given up on must not keep the process alive. So `concurrent.futures` will
    not do, which waits for its threads at the end.
    """

    def __init__(self) -> None:
        self._free: list[queue.SimpleQueue[Work]] = []

    def run(self, work: Work) -> None:
        """Start work, which must not raise."""
        try:
            inbox = self._free.pop()
        except IndexError:
            inbox = queue.SimpleQueue[Work]()
            threading.Thread(target=self._serve, args=(inbox,), daemon=True).start()
        inbox.put(work)

    def _serve(self, inbox: "queue.SimpleQueue[Work]") -> None:
        while True:
            inbox.get()()
            self._free.append(inbox)


BACKGROUND = Background()
