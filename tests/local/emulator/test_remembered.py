"""What the emulator said is remembered: how long, for whom, and who asks again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.emulator.remembered import GOOD_SECONDS, KEPT_SECONDS, RENEW_SECONDS, Remembered, Timing


class Source:
    """Answers with a number that counts up, on a clock of its own. Renewals run when a test says so."""

    def __init__(self) -> None:
        self.time = 100.0
        self.asked: list[str] = []
        self.broken = False
        self.renewals: list[Callable[[], None]] = []
        self.while_asleep: Callable[[], None] = lambda: None
        timing = Timing(now=lambda: self.time, sleep=self._sleep, in_background=self.renewals.append)
        self.remembered = Remembered(self._ask, timing)

    def get(self) -> int:
        return self.remembered.get("a")

    def _ask(self, key: str) -> int:
        self.asked.append(key)
        if self.broken:
            raise LookupError(key)
        return len(self.asked)

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        self.while_asleep()


@pytest.fixture
def source() -> Source:
    return Source()


def test_an_answer_is_good_for_a_while_and_each_key_has_its_own(source: Source) -> None:
    assert (source.get(), source.get(), source.remembered.get("b")) == (1, 1, 2)
    source.time += GOOD_SECONDS - 0.1
    assert source.get() == 1
    source.time += 0.1
    assert source.get() == 3
    assert source.asked == ["a", "b", "a"]


def test_what_is_used_is_renewed_and_nobody_waits_for_it(source: Source) -> None:
    answers: list[int] = []

    def use() -> None:
        if source.time < 100.0 + 10 * RENEW_SECONDS:
            answers.append(source.get())

    source.get()
    source.while_asleep = use
    source.renewals[0]()
    assert answers == list(range(1, 10)), "always the answer of a renewal ago"
    assert source.time == pytest.approx(100.0 + 9 * RENEW_SECONDS + KEPT_SECONDS + RENEW_SECONDS)


def test_what_nobody_uses_any_more_is_not_renewed_until_somebody_does(source: Source) -> None:
    source.get()
    source.renewals.pop()()
    asked = len(source.asked)
    source.time += GOOD_SECONDS
    assert source.get() == asked + 1
    assert len(source.renewals) == 1, "it is renewed again"
    source.time += GOOD_SECONDS
    source.get()
    assert len(source.renewals) == 1, "by one thread, however often it is asked for"


def test_an_error_is_not_remembered_and_takes_effect_when_a_renewal_meets_it(source: Source) -> None:
    source.get()
    source.broken = True
    source.renewals.pop()()
    for _ in range(2):
        with pytest.raises(LookupError):
            source.get()
    assert source.asked == ["a"] * 4
    source.broken = False
    assert source.get() == 5
    assert len(source.renewals) == 1


def test_a_crowd_asks_once(source: Source) -> None:
    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(lambda _: source.get(), range(100))) == {1}
