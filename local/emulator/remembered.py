"""Lookups on the emulator that are remembered for a moment, so that a task need not wait for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

# A change of a function, a machine or a permission takes effect within a few seconds on AWS; here within one.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
GOOD_SECONDS: Final = 1.0
RENEW_SECONDS: Final = 0.5
# So that someone who submits a task now and then hardly waits for lookups. Less than the minute after which clocks
# call functions: a laptop that has nothing to do would look all that they use up twice a second.
KEPT_SECONDS: Final = 15.0

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="remembered", daemon=True).start()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The clock and the threads of `Remembered`; a test has its own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    in_background: Callable[[Callable[[], None]], None] = _in_background


REAL: Final = Timing()


class Remembered(Generic[K, V]):
    """Values by key, for any thread. A value is good for a second; as long as it is used, a thread renews it.

    `look_up` gets the value of a key. What it raises is raised to the caller and not remembered.
    """

    def __init__(self, look_up: Callable[[K], V], timing: Timing = REAL) -> None:
        self._look_up = look_up
        self._timing = timing
        self._values: dict[K, tuple[float, V]] = {}
        self._used: dict[K, float] = {}  # when each was last used
        self._renewing: set[K] = set()  # keys with a thread that renews their value
        self._turn = threading.Lock()  # callers that need the same value look it up once

    def get(self, key: K) -> V:
        """The value: the remembered one if it is still good, else a new one."""
        if (good := self._good(key)) is not None:
            return good[1]
        with self._turn:
            if (good := self._good(key)) is not None:
                return good[1]
            started = self._timing.now()
            value = self._look_up(key)
            self._values[key] = (started, value)
            self._used[key] = started
            if key not in self._renewing:
                self._renewing.add(key)
                self._timing.in_background(lambda: self._renew(key))
            return value

    def _good(self, key: K) -> tuple[float, V] | None:
        found = self._values.get(key)
        now = self._timing.now()
        if found is None or now - found[0] >= GOOD_SECONDS:
            return None
        self._used[key] = now
        return found

    def _renew(self, key: K) -> None:
        """Until the value has not been used for a while, or cannot be looked up any more."""
        while True:
            self._timing.sleep(RENEW_SECONDS)
            started = self._timing.now()
            if started - self._used[key] > KEPT_SECONDS or not self._renewed(key, started):
                break
        with self._turn:
            self._renewing.discard(key)

    def _renewed(self, key: K, started: float) -> bool:
        try:
            value = self._look_up(key)
        except Exception:  # the next caller looks it up, and gets the error
            with self._turn:
                self._values.pop(key, None)
            return False
        self._values[key] = (started, value)
        return True
