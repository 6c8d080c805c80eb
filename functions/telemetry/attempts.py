"""The outcome of each run of a task for the circuit breaker: reported once per run, even if the run times out."""

import threading

from functions.tasks.events.names import COUNT, STARTED_LATE, TRANSIENT_FAILURE
from functions.telemetry.observability import as_said, emit, logger

LAST_MOMENT_SECONDS = 0.3
PRECISE = frozenset({TRANSIENT_FAILURE})  # its alarm has periods below a minute


class Attempt:
    """One run. `ended` reports its outcome; a run that Lambda is about to cut off is reported as a failure.

    With the outcome it reports whether the task had `started` late, where that is known.
    """

    def __init__(self, remaining_seconds: float) -> None:
        self._reported = threading.Lock()
        self._late: bool | None = None
        wait = max(0.0, remaining_seconds - LAST_MOMENT_SECONDS)
        self._timer = threading.Timer(wait, self.ended, kwargs={"transiently": True})
        self._timer.daemon = True
        self._timer.start()

    def started(self, *, late: bool) -> None:
        """The task's first run has begun, `late` if it had waited for longer than the stage's objective."""
        self._late = late

    def ended(self, *, transiently: bool, succeeded_in_ms: int | None = None) -> None:
        """Count the run; `transiently` if it failed for a transient reason. Only the first call counts.

        That it succeeded is said in the same line.
        """
        self._timer.cancel()
        succeeded = succeeded_in_ms is not None
        if self._reported.acquire(blocking=False):
            values = {(TRANSIENT_FAILURE, COUNT): [float(transiently)]}
            if self._late is not None:
                values[STARTED_LATE, COUNT] = [float(self._late)]
            said = as_said("succeeded", duration_ms=succeeded_in_ms) if succeeded else None
            emit({}, values, precise=PRECISE, said=said)
        elif succeeded:
            logger.info("succeeded", duration_ms=succeeded_in_ms)
