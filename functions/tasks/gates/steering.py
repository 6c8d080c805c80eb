"""Steering: operators see which keys are closed, and close and open them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from functions.tasks.clock import timestamp
from functions.tasks.errors import Unavailable
from functions.tasks.gates.model import SETTLED, Gate, Hold
from functions.tasks.model import OPEN, Status
from functions.tasks.tenancy import Tenant

_ATTEMPTS = 5


class Cause(StrEnum):
    """Why a key is closed. One that an operator holds while its head has failed waits for the head first. `RUNNING` is
    one whose head takes long.
    """

    FAILED = "failed"
    HELD = "held"
    RUNNING = "running"
    DRAINING = "draining"


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the record of a gate's head says about it."""

    status: Status
    tenant: Tenant
    cancel_requested_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A failed head that an operator passes over: who (`by`), why and when. Its record is kept until `expires_at`."""

    by: str
    reason: str
    at: str
    expires_at: int


@dataclass(frozen=True, kw_only=True)
class GatePage:
    """Closed gates, the longest closed first, and where the next page begins; None on the last one."""

    gates: Sequence[Gate]
    following: str | None


class Gates(Protocol):
    """Where gates are. Every method raises `Unavailable` when the store does not respond.

    Those that change a gate return whether they did: it may have changed since it was read.
    """

    def find(self, ordering_key: str, tenant: Tenant) -> Gate | None:
        """The gate of a key as of now (a strongly consistent read); None if it is open."""
        ...

    def hold(self, ordering_key: str, tenant: Tenant, hold: Hold) -> None:
        """Keep the gate closed, whether it was open, closed or held. An earlier hold keeps its time."""
        ...

    def let_go(self, gate: Gate) -> bool:
        """Remove the hold, if the gate still has the head of this one. A gate that is gone needs no change."""
        ...

    def skip(self, gate: Gate, skip: Skip) -> bool:
        """Remove head and hold, and settle the head's record as it has failed; both, or nothing."""
        ...

    def behead(self, gate: Gate) -> bool:
        """Remove head and hold, if the gate still has this head."""
        ...

    def closed(self, after: str | None, limit: int) -> GatePage:
        """A page of closed gates after a place that an earlier page named."""
        ...

    def heads(self, task_ids: Collection[str]) -> Mapping[str, Head]:
        """At most a hundred records as of now (strongly consistent), without those that are gone."""
        ...


@dataclass(frozen=True, kw_only=True)
class KeyState:
    """A key, and its gate if it is closed, with the status of the gate's head."""

    ordering_key: str
    tenant: Tenant
    gate: Gate | None = None
    head_status: Status | None = None

    @property
    def cause(self) -> Cause | None:
        """Why it is closed; None if it is open."""
        if self.gate is None:
            return None
        if self.head_status is Status.FAILED:
            return Cause.FAILED
        if self.gate.hold:
            return Cause.HELD
        return Cause.RUNNING if self.gate.execution else Cause.DRAINING


def read_key(ordering_key: str, tenant: Tenant, gates: Gates) -> KeyState:
    """The key as it is now."""
    gate = gates.find(ordering_key, tenant)
    head = _head(gate, gates)
    return KeyState(ordering_key=ordering_key, tenant=tenant, gate=gate, head_status=head and head.status)


def close_key(ordering_key: str, tenant: Tenant, reason: str, *, gates: Gates, now: datetime) -> KeyState:
    """Close the key until an operator opens it. What is being processed goes on; tasks that follow are parked."""
    gates.hold(ordering_key, tenant, Hold(reason=reason, at=timestamp(now)))
    return read_key(ordering_key, tenant, gates)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A request to open a key: who (`by`), why and when. `head` is the only task that it may skip, None for any.

    So a request that is repeated with a `head` skips no second task. Records of skipped tasks are kept for `keep_for`.
    """

    by: str
    reason: str
    now: datetime
    keep_for: timedelta
    head: str | None = None

    def skip(self) -> Skip:
        """What a skipped task's record says."""
        expires_at = int((self.now + self.keep_for).timestamp())
        return Skip(by=self.by, reason=self.reason, at=timestamp(self.now), expires_at=expires_at)


def open_key(ordering_key: str, tenant: Tenant, opening: Opening, *, gates: Gates) -> KeyState:
    """Remove an operator's hold, and skip a head that has failed: the key is opened without it.

    A head that is queued or processing stays the head, and the gate opens when it ends. Parked tasks run first, so
    the key is often still closed, as `Cause.DRAINING`.
    """
    for _ in range(_ATTEMPTS):
        gate = gates.find(ordering_key, tenant)
        if gate is None or _open(gate, opening, gates):
            return read_key(ordering_key, tenant, gates)
    raise Unavailable(f"the gate of the key {ordering_key!r} keeps changing")


def _open(gate: Gate, opening: Opening, gates: Gates) -> bool:
    """Take the step that the state of the head allows; whether nothing has changed meanwhile."""
    head = _head(gate, gates)
    if gate.head is None or (head is not None and head.status in OPEN) or opening.head not in (None, gate.head):
        return gate.hold is None or gates.let_go(gate)
    if head is not None and head.status is Status.FAILED:
        return gates.skip(gate, opening.skip())
    if head is not None and head.status not in SETTLED:
        return False  # it was let go and parked since the gate was read, and may be its head again by now
    return gates.behead(gate)  # it is settled already, or its record is gone


def closed_keys(after: str | None, limit: int, gates: Gates) -> tuple[list[KeyState], str | None]:
    """A page of closed keys, the longest closed first, and where the next one begins."""
    page = gates.closed(after, limit)
    heads = gates.heads([gate.head for gate in page.gates if gate.head is not None])
    return [_state(gate, heads) for gate in page.gates], page.following


def _state(gate: Gate, heads: Mapping[str, Head]) -> KeyState:
    """A gate that the state machine closed does not say whose key it is: its head does."""
    head = heads.get(gate.head) if gate.head is not None else None
    tenant = head.tenant if head is not None and gate.tenant is None else gate.tenant
    return KeyState(ordering_key=gate.ordering_key, tenant=tenant, gate=gate, head_status=head and head.status)


def _head(gate: Gate | None, gates: Gates) -> Head | None:
    if gate is None or gate.head is None:
        return None
    return gates.heads([gate.head]).get(gate.head)
