"""The times chain: derived once, checked in one place.

worst case of the state machine + retries <= workflow timeout (<= 290 s) < lease < visibility timeout

The worst case follows from the handler timeout and the state machine's own definition, the retries from the task type
whose retry policy takes the longest. A broken chain would let two executions process one task, or return a message to
the queue while its task is processed.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from functions.tasks.retry import RetryPolicy
from infrastructure.settings.checks import SettingsError
from statemachine.budget import worst_case_seconds
from statemachine.loader import raw_definition

MAX_WORKFLOW_SECONDS = 290  # a pipe's execution ends after 300 s, target included
MAX_VISIBILITY_SECONDS = 12 * 3600
_MARGIN = 10  # seconds between two links, for clock skew and requests in flight
_START_UP = 1  # Lambda's own timeout comes before the state's, because its error says more


class TimesError(SettingsError):
    """The configured times break the chain; the message names them."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """All times that depend on each other, in seconds; `retries` is what the longest retry policy adds."""

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


def derive_times(
    *, handler: int, policies: Iterable[RetryPolicy], workflow: int = 0, lease: int = 0, visibility: int = 0
) -> Times:
    """The chain for a handler timeout. A time other than 0 is used as given, and checked."""
    process = handler + _START_UP
    retries = math.ceil(max((policy.worst_case_seconds(process) for policy in policies), default=0))
    workflow = workflow or _worst_case(process) + retries
    lease = lease or workflow + _MARGIN
    visibility = visibility or lease + _MARGIN
    return Times(
        handler=handler, process=process, retries=retries, workflow=workflow, lease=lease, visibility=visibility
    )


def _worst_case(process: int) -> int:
    return worst_case_seconds(_definition(process))


def _definition(process: int) -> dict[str, Any]:
    definition = raw_definition()
    definition["States"]["ProcessTask"]["TimeoutSeconds"] = process
    return definition
