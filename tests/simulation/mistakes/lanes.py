"""Deliberate mistakes in changing the number of lanes; see `catalog.py`."""

import itertools
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from functions.adapters import breaker as ports
from functions.adapters.breaker import SQSDrain
from functions.adapters.queue import SQSTaskQueue
from functions.tasks.breaker import control
from functions.tasks.breaker.control import BreakerStatus
from functions.tasks.breaker.handover import Handover
from functions.tasks.breaker.states import Breaker, State
from functions.tasks.intake import lanes
from functions.tasks.intake.lanes import Lanes
from tests.simulation.mistakes.throttling import HARDLY_A_PROCESSOR, NEVER_A_PROCESSOR
from tests.simulation.world.faults import FaultPlan

Patch = AbstractContextManager[Any]
NO_TIME = timedelta(0)


def _does_not_wait_for_the_old_lanes() -> Patch:
    return mock.patch.object(SQSDrain, "is_empty", return_value=True)


def _counts_no_messages_in_flight() -> Patch:
    return mock.patch.object(ports, "COUNTS", ("ApproximateNumberOfMessages",))


@contextmanager
def _has_no_quiet_time() -> Generator[None]:
    with mock.patch.object(lanes, "QUIET", NO_TIME), mock.patch.object(lanes, "BEFORE_QUIET", NO_TIME):
        yield


def _finds_the_lane_by_the_task() -> Patch:
    send = SQSTaskQueue.send

    def wrong(self: SQSTaskQueue, *, body: str, group: str, deduplication_id: str) -> None:
        def queue_of(own: Lanes, _: str, now: datetime) -> str:
            queues = own.queues_at(now)
            return queues[lanes.lane_of(deduplication_id, len(queues))]

        with mock.patch.object(Lanes, "queue_of", queue_of):
            send(self, body=body, group=group, deduplication_id=deduplication_id)

    return mock.patch.object(SQSTaskQueue, "send", wrong)


@contextmanager
def _starts_lanes_that_wait() -> Generator[None]:
    """It starts whatever is stopped when somebody closes it, as if no pipe ever waited."""
    owed = BreakerStatus.to_start

    def to_start(self: BreakerStatus, acted: frozenset[str]) -> frozenset[str]:
        closed_by_hand = self.breaker.state is State.CLOSED and self.breaker.by == "anna"
        stopped = frozenset(name for name, pipe in self.pipes.items() if not pipe.should_run)
        return owed(self, acted) | (stopped if closed_by_hand else frozenset())

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(control, "waiting_pipes", return_value=frozenset()))
        stack.enter_context(mock.patch.object(BreakerStatus, "to_start", to_start))
        yield


def _changes_with_the_deployment() -> Patch:
    """Each sender sends to the new lanes from its own deployment on."""
    deployed = itertools.cycle((False, True))
    return mock.patch.object(
        Lanes, "queues_at", lambda self, _: self.queues if not self.before or next(deployed) else self.before
    )


def _looks_before_the_change() -> Patch:
    stepped = Handover.stepped

    def early(self: Handover, breaker: Breaker, now: datetime) -> Breaker:
        return stepped(replace(self, since=datetime.min.replace(tzinfo=now.tzinfo)), breaker, now)

    return mock.patch.object(Handover, "stepped", early)


def forgets_the_generation(states: Any) -> None:
    """Messages of old and new lanes are numbered alike: a redrive mixes them up."""
    _number(states, "$substring($lane[0], 1) & ", "")


def forgets_the_lane(states: Any) -> None:
    """Two tasks of a key may have the same number, if they are of different clients: a redrive leaves one out."""
    _number(states, " & $lane[1]", "")


def _number(states: Any, part: str, instead: str) -> None:
    assigned = states["CheckGate"]["Assign"]
    assert part in assigned["sequence"]
    assigned["sequence"] = assigned["sequence"].replace(part, instead)


# Those with a plan need tasks that stay in the old lanes for minutes.
LANE_MISTAKES: Mapping[str, tuple[Callable[[], Patch], FaultPlan | None]] = {
    "new lanes do not wait until the old ones are empty": (_does_not_wait_for_the_old_lanes, NEVER_A_PROCESSOR),
    "messages in flight do not count as left in the old lanes": (_counts_no_messages_in_flight, NEVER_A_PROCESSOR),
    "old lanes are looked at before the last task is sent to them": (_looks_before_the_change, HARDLY_A_PROCESSOR),
    "there is no quiet time around a change of lanes": (_has_no_quiet_time, None),
    "each sender changes to the new lanes when it is deployed": (_changes_with_the_deployment, None),
    "the lane follows from the task instead of its key": (_finds_the_lane_by_the_task, None),
    "the breaker starts lanes that wait": (_starts_lanes_that_wait, HARDLY_A_PROCESSOR),
}
