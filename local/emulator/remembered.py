"""What the emulator said a moment ago, so that a task need not ask again."""

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
# So that who tries a task by hand now and then does not wait for lookups either.
KEPT_SECONDS: Final = 60.0

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
    """Answers by key, for any thread. One is good for a second, and as long as it is used, a thread renews it.

    `ask` gets the answer for a key; what it raises is raised to the caller and not remembered.
    """

    def __init__(self, ask: Callable[[K], V], timing: Timing = REAL) -> None:
        self._ask = ask
        self._timing = timing
        self._answers: dict[K, tuple[float, V]] = {}
        self._used: dict[K, float] = {}  # when each was used last
        self._renewing: set[K] = set()  # what has a thread that renews it
        self._turn = threading.Lock()  # callers that need the same answer ask once

    def get(self, key: K) -> V:
        """The answer: one that is good, or a new one."""
        if (good := self._good(key)) is not None:
            return good[1]
        with self._turn:
            if (good := self._good(key)) is not None:
                return good[1]
            asked = self._timing.now()
            answer = self._ask(key)
            self._answers[key] = (asked, answer)
            self._used[key] = asked
            if key not in self._renewing:
                self._renewing.add(key)
                self._timing.in_background(lambda: self._renew(key))
            return answer

    def _good(self, key: K) -> tuple[float, V] | None:
        found = self._answers.get(key)
        now = self._timing.now()
        if found is None or now - found[0] >= GOOD_SECONDS:
            return None
        self._used[key] = now
        return found

    def _renew(self, key: K) -> None:
        """Until nobody has used the answer for a while, or there is none any more."""
        while True:
            self._timing.sleep(RENEW_SECONDS)
            asked = self._timing.now()
            if asked - self._used[key] > KEPT_SECONDS or not self._renewed(key, asked):
                break
        with self._turn:
            self._renewing.discard(key)

    def _renewed(self, key: K, asked: float) -> bool:
        try:
            answer = self._ask(key)
        except Exception:  # whoever needs it next asks, and is told why
            with self._turn:
                self._answers.pop(key, None)
            return False
        self._answers[key] = (asked, answer)
        return True
