"""Buckets and quotas give what they hold, and only time refills them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.program.declarations.gateway import Allowance, Period, Rate
from local.services.gateway.limits import Quota, TokenBucket, end_of
from tests.local.services.gateway.apis import NOON


def test_a_bucket_takes_a_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(Rate(per_second=2, burst=3))
    assert [bucket.take(NOON) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(NOON + 0.4)
    assert bucket.take(NOON + 0.5), "two per second make one after half a second"
    assert not bucket.take(NOON + 0.5)


def test_a_bucket_never_holds_more_than_a_burst() -> None:
    bucket = TokenBucket(Rate(per_second=100, burst=2))
    bucket.take(NOON)
    assert [bucket.take(NOON + 3600) for _ in range(3)] == [True, True, False]


def test_a_clock_that_is_set_back_neither_fills_nor_empties_a_bucket() -> None:
    bucket = TokenBucket(Rate(per_second=1, burst=1))
    assert bucket.take(NOON)
    assert not bucket.take(NOON - 3600)
    assert bucket.take(NOON - 3599)


def test_a_burst_of_zero_admits_nothing() -> None:
    bucket = TokenBucket(Rate(per_second=0, burst=0))
    assert not bucket.take(NOON)
    assert not bucket.take(NOON + 3600)


def test_the_rate_over_time_is_the_declared_one() -> None:
    bucket = TokenBucket(Rate(per_second=50, burst=10))
    taken = sum(bucket.take(NOON + tick / 1000) for tick in range(10_000))  # a thousand tries a second
    assert 505 <= taken <= 510


def test_a_quota_admits_its_limit_per_day() -> None:
    quota = Quota(Allowance(limit=2, period="DAY"))
    assert [quota.take(NOON + second) for second in range(3)] == [True, True, False]
    midnight = NOON + 12 * 3600
    assert not quota.take(midnight - 1)
    assert [quota.take(midnight) for _ in range(3)] == [True, True, False]


def test_the_offset_counts_in_the_first_period_only() -> None:
    quota = Quota(Allowance(limit=3, period="DAY", offset=2))
    assert [quota.take(NOON) for _ in range(2)] == [True, False]
    assert [quota.take(NOON + 86_400) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("period", "now", "end"),
    [
        ("DAY", "2026-01-31T12:00:00", "2026-02-01"),
        ("DAY", "2026-02-01T00:00:00", "2026-02-02"),
        ("WEEK", "2026-01-31T12:00:00", "2026-02-02"),
        ("WEEK", "2026-02-01T23:59:59", "2026-02-02"),
        ("WEEK", "2026-02-02T00:00:00", "2026-02-09"),
        ("MONTH", "2026-01-31T12:00:00", "2026-02-01"),
        ("MONTH", "2026-02-01T00:00:00", "2026-03-01"),
        ("MONTH", "2027-12-31T23:59:59", "2028-01-01"),
    ],
)
def test_a_period_ends_at_midnight_on_monday_or_on_the_first(period: Period, now: str, end: str) -> None:
    def moment(text: str) -> float:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    assert end_of(period, moment(now)) == moment(end)
