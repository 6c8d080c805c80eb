"""Reads from the tasks' records how long they waited and ran."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from taskline.cli.loading.percentiles import percentiles
from taskline.cli.render.words import seconds_between
from taskline.statuses import FINAL

Tasks = Callable[[str], Iterable[Mapping[str, Any]]]


def settle(keys: list[str], tasks: Tasks, seconds: float, progress: Callable[[int], None]) -> list[Mapping[str, Any]]:
    """The tasks of these keys, when all have ended or the time is over. Keys that are done are not read again."""
    deadline, ended = time.monotonic() + seconds, list[Mapping[str, Any]]()
    waiting = list(keys)
    while True:
        latest: list[Mapping[str, Any]] = []
        for key in list(waiting):
            found = list(tasks(key))
            if all(task["status"] in FINAL for task in found):
                waiting.remove(key)
                ended += found
            else:
                latest += found
        progress(len(ended) + sum(task["status"] in FINAL for task in latest))
        if not waiting or time.monotonic() > deadline:
            return ended + latest
        time.sleep(0.5)


def measured(accepted: Iterable[float], tasks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Percentiles of the time to accept (at the client), to wait and to run (from the records); counts by status."""
    found = list(tasks)
    waits = [seconds_between(task["created_at"], task.get("started_at")) for task in found]
    runs = [seconds_between(task.get("started_at"), task.get("finished_at")) for task in found]
    return {
        "accept": percentiles(accepted),
        "wait": percentiles(one for one in waits if one is not None),
        "run": percentiles(one for one in runs if one is not None),
        "by_status": dict(Counter(task["status"] for task in found)),
    }
