"""Percentiles of what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

QUANTILES = (50, 95, 99)


def percentiles(values: Iterable[float]) -> dict[str, Any]:
    """The number of values, p50, p95, p99 (nearest rank: a value that was measured) and the largest; in seconds."""
    ordered = sorted(values)
    if not ordered:
        return {"count": 0}
    shown = {f"p{quantile}": round(_rank(ordered, quantile), 4) for quantile in QUANTILES}
    return {"count": len(ordered), **shown, "max": round(ordered[-1], 4)}


def _rank(ordered: Sequence[float], quantile: int) -> float:
    return ordered[max(0, math.ceil(len(ordered) * quantile / 100) - 1)]
