"""Values that are read once for all who look, and kept for a moment."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

T = TypeVar("T")
# A reading that takes long is repeated less often: it may take a tenth of the time at most.
COST_FACTOR: Final = 10.0
MOST_KEPT: Final = 512


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Any = None
    until: float = 0.0


class Shared:
    """Whoever asks for a value that is being read waits for that reading. What failed is not kept."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._entries: OrderedDict[object, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, seconds: float, read: Callable[[], T]) -> T:
        """The value, at most `seconds` old, or ten times as long as it takes to read it."""
        entry = self._entry(key)
        with entry.lock:
            started = self._now()
            if entry.until <= started:
                entry.value = read()
                ended = self._now()
                entry.until = ended + max(seconds, COST_FACTOR * (ended - started))
            return entry.value

    def forget(self) -> None:
        """Something was changed: whoever looks next wants to see it."""
        with self._lock:
            self._entries.clear()

    def _entry(self, key: object) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MOST_KEPT:
                self._entries.popitem(last=False)
            return entry
