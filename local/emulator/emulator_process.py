"""Runs MiniStack, with one of its functions replaced by a faster one.

Before each SendMessage to a FIFO queue, MiniStack walks through all deduplication ids of the last five minutes: twelve
thousand at forty tasks per second, when a task costs 4 ms more than the first. There is no setting for it.
"""

from __future__ import annotations

import importlib
import runpy
import time
from typing import Any


def prune_expired(queue: dict[str, Any]) -> None:
    """Drop the ids that were sent more than five minutes ago: the first entries, since all last equally long."""
    cache: dict[str, dict[str, Any]] = queue["dedup_cache"]
    now = time.time()
    while cache and cache[oldest := next(iter(cache))]["expire"] <= now:
        del cache[oldest]


def main() -> None:
    """Serve until the process is terminated."""
    sqs = importlib.import_module("ministack.services.sqs")
    replaced = "_prune_dedup"
    if not hasattr(sqs, replaced):
        raise SystemExit(f"{__file__} does not match this version of MiniStack, which has no {replaced}")
    setattr(sqs, replaced, prune_expired)
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
