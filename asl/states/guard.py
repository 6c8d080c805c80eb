"""Retrying and catching, for the states that can do both."""

from collections.abc import Callable, Generator
from typing import Any

from asl.core.errors import StateFailed, matches
from asl.definition.model import Catcher, Guarded
from asl.execution.scheduler import Command, Sleep
from asl.states.visit import Transition, Visit

Attempt = Callable[[Visit], Generator[Command, Any, Transition]]


def guarded(
    visit: Visit, state: Guarded, attempt: Attempt, gave_up: Callable[[StateFailed], None]
) -> Generator[Command, Any, Transition]:
    """Attempt until it succeeds, is caught, or fails for good. `gave_up` is told when no retry is left."""
    used = [0] * len(state.retry)
    while True:
        try:
            return (yield from attempt(visit))
        except StateFailed as failure:
            failed = failure
        delay = None if failed.fatal else _delay(visit, state, used, failed)
        if delay is None:
            gave_up(failed)
            return _catch(visit, state, failed, gave_up)
        yield Sleep(delay)
        visit.retry()


def _delay(visit: Visit, state: Guarded, used: list[int], failed: StateFailed) -> float | None:
    """How long to wait for the next attempt; `None` if there is none. The first entry that matches decides
    alone."""
    for index, retrier in enumerate(state.retry):
        if matches(retrier.errors, failed):
            if used[index] >= retrier.attempts:
                return None
            used[index] += 1
            return retrier.delay(used[index] - 1, visit.run.rng.random() if retrier.jitter else 0.0)
    return None


def _catch(visit: Visit, state: Guarded, failed: StateFailed, gave_up: Callable[[StateFailed], None]) -> Transition:
    catcher = _catcher(state, failed)
    if failed.fatal or catcher is None:
        raise failed
    # A missing name or cause is empty here, though it is missing in the result of an execution.
    output = {"Error": failed.error or "", "Cause": failed.cause or ""}
    try:
        frame = visit.frame(errorOutput=output)
        return visit.leave(frame, output, catcher.next, catcher.output, catcher.assign, catcher.result)
    except StateFailed as again:
        gave_up(again)
        raise


def _catcher(state: Guarded, failed: StateFailed) -> Catcher | None:
    return next((catcher for catcher in state.catch if matches(catcher.errors, failed)), None)
