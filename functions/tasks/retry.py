"""When a failed task runs again: each task type's own retry policy."""

from dataclasses import dataclass

from functions.tasks.errors import TaskError, TaskRateLimitError, TaskUnknownError, TaskValidationError

UNKNOWN_RUNS = 2  # an unclassified error gets one retry
MAX_RETRY_AFTER_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often a task type's function runs in one execution, and how long it waits in between.

    `attempts` counts all runs; the waits are drawn between 0 and `base`, then twice that, and so on, but at most
    `cap` (seconds): exponential back-off with full jitter, so that tasks that failed together do not retry together.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    attempts: int = 4
    base: float = 1.0
    cap: float = 4.0

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= 10:
            raise ValueError(f"attempts is {self.attempts}; a task type may run 1 to 10 times per execution")
        if not 0 < self.base <= self.cap:
            raise ValueError(f"base is {self.base} and cap {self.cap}; a back-off needs 0 < base <= cap")

    def retry_in(self, error: TaskError, run: int, draw: float) -> float | None:
        """Seconds until the next run after `run` (from 1) failed; None when this was the last one.

        `draw` is a random number from 0 to 1.
        """
        if isinstance(error, TaskValidationError) or run >= self._runs(error):
            return None
        delay = draw * self._longest_wait(run)
        requested = error.retry_after if isinstance(error, TaskRateLimitError) else None
        return delay if requested is None else min(max(delay, requested), MAX_RETRY_AFTER_SECONDS)

    def worst_case_seconds(self, handler_timeout: float) -> float:
        """The most that retries can add to an execution: all waits, and all runs but the first."""
        waits = sum(self._longest_wait(run) for run in range(1, self.attempts))
        return waits + (self.attempts - 1) * handler_timeout

    def _runs(self, error: TaskError) -> int:
        return min(self.attempts, UNKNOWN_RUNS) if isinstance(error, TaskUnknownError) else self.attempts

    def _longest_wait(self, run: int) -> float:
        return min(self.cap, self.base * 2 ** (run - 1))
