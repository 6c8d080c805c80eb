"""Rates and quotas. The caller passes the time, in seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.program.declarations.gateway import Allowance, Period, Rate


class TokenBucket:
    """One token per request; the bucket holds as many as the burst and is refilled at the rate.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled = 0.0

    def take(self, now: float) -> bool:
        """Whether there was a token for a request."""
        elapsed = max(0.0, now - self._filled)  # a clock that is set back takes no tokens away
        self._tokens = min(float(self._rate.burst), self._tokens + elapsed * self._rate.per_second)
        self._filled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Quota:
    """Counts the requests of a period, which begins at midnight (UTC), on Monday, or on the first of the month.

    The count is in memory: each start of the laptop edition begins at zero. AWS itself enforces quotas on a
    best-effort basis.
    """

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._used = allowance.offset
        self._ends = 0.0

    def take(self, now: float) -> bool:
        """Whether one more request may be counted."""
        if now >= self._ends:
            if self._ends:  # not the first period
                self._used = 0
            self._ends = end_of(self._allowance.period, now)
        if self._used >= self._allowance.limit:
            return False
        self._used += 1
        return True


def end_of(period: Period, now: float) -> float:
    """When the period that this moment belongs to is over."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "DAY":
        end = day + timedelta(days=1)
    elif period == "WEEK":
        end = day + timedelta(days=7 - day.weekday())
    else:
        end = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return end.timestamp()
