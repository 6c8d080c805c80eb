"""A gate, as it is kept while it is closed. A key without one is open."""

from dataclasses import dataclass

from functions.tasks.model import Status
from functions.tasks.tenancy import Tenant

SETTLED = (Status.SUCCEEDED, Status.CANCELLED)
"""The statuses of a head that a gate waits for no more."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """An operator keeps the gate closed: why, and since when (UTC, ISO 8601, milliseconds)."""

    reason: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The closed gate of a key, whose tasks are in this message group.

    `head` is the id of the task that has to be settled before the next: one that failed, or one that was released and
    has not ended. `sending` is the id of the message with which it was released, if that may not have been sent.
    `parked` is how many tasks wait behind the head. A head that takes long was handed over to `execution`, at
    `handed_at`. A gate with neither head nor hold is about to release the next
    task, or to go.
    """

    group: str
    ordering_key: str
    tenant: Tenant
    closed_at: str
    parked: int = 0
    head: str | None = None
    sending: str | None = None
    hold: Hold | None = None
    execution: str | None = None
    handed_at: str | None = None

    @property
    def releases(self) -> bool:
        """Whether the next parked task may run."""
        return self.head is None and self.hold is None
