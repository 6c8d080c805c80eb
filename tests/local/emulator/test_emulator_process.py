"""The one function of MiniStack that is replaced has the effect of the original."""

import copy
import importlib
import random
from typing import Any

import pytest

from local.emulator.emulator_process import prune_expired


def a_queue(rng: random.Random, now: float) -> dict[str, Any]:
    """A queue with deduplication ids of the last ten minutes; all are remembered for five."""
    sent = sorted(now - rng.uniform(0, 600) for _ in range(rng.randrange(40)))
    return {"dedup_cache": {f"id-{n}": {"expire": moment + 300, "id": str(n)} for n, moment in enumerate(sent)}}


@pytest.mark.parametrize("seed", range(50))
def test_expired_ids_are_dropped_as_by_the_original(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    ours = a_queue(random.Random(seed), now)
    theirs = copy.deepcopy(ours)
    prune_expired(ours)
    original: Any = vars(importlib.import_module("ministack.services.sqs"))["_prune_dedup"]
    original(theirs)
    assert ours == theirs
