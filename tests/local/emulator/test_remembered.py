"""Lookups are remembered: how long, by key, and renewed while they are used."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.emulator.remembered import GOOD_SECONDS, KEPT_SECONDS, RENEW_SECONDS, Remembered, Timing


class Source:
    """Looks up a number that counts up, on a fake clock. Renewals run when a test runs them."""

    def __init__(self) -> None:
        self.time = 100.0
        self.lookups: list[str] = []
        self.broken = False
        self.renewals: list[Callable[[], None]] = []
        self.while_asleep: Callable[[], None] = lambda: None
        timing = Timing(now=lambda: self.time, sleep=self._sleep, in_background=self.renewals.append)
        self.remembered = Remembered(self._look_up, timing)

    def get(self) -> int:
        return self.remembered.get("a")

    def _look_up(self, key: str) -> int:
        self.lookups.append(key)
        if self.broken:
            raise LookupError(key)
        return len(self.lookups)

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        self.while_asleep()


@pytest.fixture
def source() -> Source:
    return Source()


def test_a_value_is_good_for_a_while_and_each_key_has_its_own(source: Source) -> None:
    assert (source.get(), source.get(), source.remembered.get("b")) == (1, 1, 2)
    source.time += GOOD_SECONDS - 0.1
    assert source.get() == 1
    source.time += 0.1
    assert source.get() == 3
    assert source.lookups == ["a", "b", "a"]


def test_a_value_in_use_is_renewed_and_no_caller_waits_for_it(source: Source) -> None:
    values: list[int] = []

    def use() -> None:
        if source.time < 100.0 + 10 * RENEW_SECONDS:
            values.append(source.get())

    source.get()
    source.while_asleep = use
    source.renewals[0]()
    assert values == list(range(1, 10)), "always the value of the previous renewal"
    assert source.time == pytest.approx(100.0 + 9 * RENEW_SECONDS + KEPT_SECONDS + RENEW_SECONDS)


def test_a_value_that_is_no_longer_used_is_not_renewed_until_it_is_used_again(source: Source) -> None:
    source.get()
    source.renewals.pop()()
    lookups = len(source.lookups)
    source.time += GOOD_SECONDS
    assert source.get() == lookups + 1
    assert len(source.renewals) == 1, "it is renewed again"
    source.time += GOOD_SECONDS
    source.get()
    assert len(source.renewals) == 1, "by one thread, however often it is used"


def test_an_error_is_not_remembered_and_takes_effect_at_the_next_renewal(source: Source) -> None:
    source.get()
    source.broken = True
    source.renewals.pop()()
    for _ in range(2):
        with pytest.raises(LookupError):
            source.get()
    assert source.lookups == ["a"] * 4
    source.broken = False
    assert source.get() == 5
    assert len(source.renewals) == 1


def test_concurrent_callers_look_a_value_up_once(source: Source) -> None:
    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(lambda _: source.get(), range(100))) == {1}
