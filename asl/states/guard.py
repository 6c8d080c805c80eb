"""`Retry` and `Catch`."""

from collections.abc import Callable, Generator
from typing import Any

from asl.core.errors import StateFailed, matches
from asl.definition.model import Catcher, Guarded
from asl.execution.commands import Command
from asl.states.visit import Transition, Visit

Attempt = Callable[[Visit], Generator[Command, Any, Transition]]


def guarded(
    visit: Visit, state: Guarded, attempt: Attempt, gave_up: Callable[[StateFailed], None]
) -> Generator[Command, Any, Transition]:
    """Attempt until an attempt succeeds or no retry is left, then call `gave_up` and catch the failure."""
    yield from visit.rest()
    while True:
        try:
            return (yield from attempt(visit))
        except StateFailed as failure:
            failed = failure
        delay = None if failed.fatal else _delay(visit, state, visit.used, failed)
        if delay is None:
            gave_up(failed)
            return _catch(visit, state, failed, gave_up)
        visit.retry()
        yield from visit.pause(delay)


def _delay(visit: Visit, state: Guarded, used: list[int], failed: StateFailed) -> float | None:
    """Seconds before the next attempt; `None` if there is none. Only the first matching entry counts."""
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
    # A missing name or cause is an empty string here, but stays missing in the outcome of an execution.
    output = {"Error": failed.error or "", "Cause": failed.cause or ""}
    try:
        frame = visit.frame(errorOutput=output)
        return visit.leave(frame, output, catcher.next, catcher.output, catcher.assign, catcher.result)
    except StateFailed as again:
        gave_up(again)
        raise


def _catcher(state: Guarded, failed: StateFailed) -> Catcher | None:
    return next((catcher for catcher in state.catch if matches(catcher.errors, failed)), None)
