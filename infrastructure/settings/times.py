"""The times chain: derived once, checked in one place.

worst case of the state machine + retries <= workflow timeout (<= 290 s) < lease < visibility timeout

The worst case follows from the longest timeout of a pool and the state machine's own definition, the retries from the
task type whose retry policy takes the longest in its pool. A broken chain would let two executions process one task,
or return a message to the queue while its task is processed.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from functions.tasks.registry import TaskType
from functions.tasks.retry import RetryPolicy
from infrastructure.settings.checks import SettingsError
from statemachine.budget import worst_case_seconds
from statemachine.loader import raw_definition

MAX_WORKFLOW_SECONDS = 290  # a pipe's execution ends after 300 s, target included
MAX_VISIBILITY_SECONDS = 12 * 3600
MAX_LONG_SECONDS = 365 * 24 * 3600  # an execution of a Standard machine
LONG_SLACK_SECONDS = 300  # for claiming, recording, and waiting for capacity
_MARGIN = 10  # seconds between two links, for clock skew and requests in flight
_START_UP = 1  # Lambda's own timeout comes before the state's, because its error says more


class TimesError(SettingsError):
    """The configured times break the chain; the message names them."""


class Runs(NamedTuple):
    """The runs of a task type: as often as `retry` says, for at most `timeout` seconds each, in its pool."""

    retry: RetryPolicy
    timeout: int
    type: str = ""
    pool: str = ""

    @property
    def retries(self) -> int:
        """What all runs but the first can add to an execution, with their back-offs, in seconds."""
        return math.ceil(self.retry.worst_case_seconds(self.timeout + _START_UP))

    def __str__(self) -> str:
        most = next((seconds for seconds in range(self.timeout, 0, -1) if _fits(self._replace(timeout=seconds))), 0)
        remedy = f"fits with a timeout of {most} s" if most else "fits with no timeout: allow fewer attempts"
        return f"{self.type} in pool {self.pool} ({self.retry.attempts} runs of {self.timeout} s) {remedy}"


def runs_of(types: Iterable[TaskType], handler: int) -> list[Runs]:
    """The runs of these types, but for those on the other machine. Those whose pool says nothing may take `handler`
    seconds.
    """
    return [
        Runs(of.retry, of.needs.pool.timeout_seconds or handler, type=of.name, pool=of.needs.pool.name)
        for of in types
        if not of.is_long
    ]


@dataclass(frozen=True, kw_only=True)
class Times:
    """All times that depend on each other, in seconds. `process` is the longest run of any pool, and `retries` is what
    the longest retry policy adds.
    """

    handler: int
    process: int
    retries: int
    workflow: int
    lease: int
    visibility: int

    def __post_init__(self) -> None:
        if self.handler < 1:
            raise TimesError(f"handlerTimeoutSeconds ({self.handler}) must be at least 1")
        self._check_workflow()
        if not self.workflow < self.lease:
            raise TimesError(f"leaseSeconds ({self.lease}) must exceed workflowTimeoutSeconds ({self.workflow})")
        if not self.lease < self.visibility:
            raise TimesError(f"visibilityTimeoutSeconds ({self.visibility}) must exceed leaseSeconds ({self.lease})")
        if not self.visibility <= MAX_VISIBILITY_SECONDS:
            raise TimesError(
                f"visibilityTimeoutSeconds ({self.visibility}) exceeds {MAX_VISIBILITY_SECONDS}, SQS's own limit"
            )

    def _check_workflow(self) -> None:
        worst = _worst_case(self.process) + self.retries
        if not worst <= self.workflow:
            raise TimesError(
                f"workflowTimeoutSeconds ({self.workflow}) is below the state machine's worst case ({worst}), which "
                f"follows from handlerTimeoutSeconds ({self.handler}) and the task types' retry policies: raise the "
                "first or lower the others"
            )
        if not self.workflow <= MAX_WORKFLOW_SECONDS:
            raise TimesError(
                f"workflowTimeoutSeconds ({self.workflow}) exceeds {MAX_WORKFLOW_SECONDS}, the longest that a pipe "
                f"waits: lower handlerTimeoutSeconds ({self.handler}) or the task types' retry policies, from which "
                "it is derived unless set"
            )

    @property
    def retry_until(self) -> int:
        """How long after its start an execution may begin one more run and still be sure to record the outcome."""
        return self.workflow - worst_case_seconds(_definition(self.process), "ProcessTask")


@dataclass(frozen=True, kw_only=True)
class LongTimes:
    """The times of the machine of tasks that take long, in seconds. An execution of it has no message that would come
    back: its lease lasts as long as it does, and whether it has ended decides, not the time.
    """

    workflow: int
    lease: int
    retry_until: int


def derive_long_times(types: Iterable[TaskType]) -> LongTimes:
    """Time for all runs of the type that takes the longest, within what an execution may take."""
    long = [(one.retry, int(one.timeout.total_seconds())) for one in types if one.timeout]
    longest = max((timeout for _, timeout in long), default=0)
    runs = max((timeout + math.ceil(retry.worst_case_seconds(timeout)) for retry, timeout in long), default=0)
    workflow = min(runs + LONG_SLACK_SECONDS, MAX_LONG_SECONDS)
    return LongTimes(
        workflow=workflow,
        lease=workflow + _MARGIN,
        retry_until=max(0, workflow - longest - LONG_SLACK_SECONDS // 2),
    )


def derive_times(
    *, handler: int, runs: Iterable[Runs], workflow: int = 0, lease: int = 0, visibility: int = 0
) -> Times:
    """The chain for a handler timeout and these runs. A time other than 0 is used as given, and checked."""
    runs = [*runs]
    process = max((handler, *(one.timeout for one in runs))) + _START_UP
    retries = max((one.retries for one in runs), default=0)
    longest = _worst_case(process) + retries
    pooled = [one for one in runs if one.timeout != handler and not _fits(one)]
    if not workflow and longest > MAX_WORKFLOW_SECONDS and pooled:
        raise TimesError(
            f"An execution would take {longest} s, and a pipe waits for {MAX_WORKFLOW_SECONDS} s at most: "
            f"{'; '.join(map(str, pooled))}"
        )
    workflow = workflow or longest
    lease = lease or workflow + _MARGIN
    visibility = visibility or lease + _MARGIN
    return Times(
        handler=handler, process=process, retries=retries, workflow=workflow, lease=lease, visibility=visibility
    )


def _fits(runs: Runs) -> bool:
    """Whether an execution of this type alone ends before a pipe gives up."""
    return _worst_case(runs.timeout + _START_UP) + runs.retries <= MAX_WORKFLOW_SECONDS


def _worst_case(process: int) -> int:
    return worst_case_seconds(_definition(process))


def _definition(process: int) -> dict[str, Any]:
    definition = raw_definition()
    definition["States"]["ProcessTask"]["TimeoutSeconds"] = process
    return definition
