"""The lanes of two generations, and their pipes, in memory: what changes when the number of lanes does."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.tasks.breaker.handover import Drain, Handover
from functions.tasks.intake.lanes import Lanes
from local.services.pipes.pipe import PipeRoute
from taskline.lanes import lane_names
from testing.services.fifo import InMemoryFifo, Stored

GENERATION = 1
SKEWS = (-0.95, -0.4, 0.0, 0.4, 0.95)  # seconds that the clocks of senders are wrong; below the quiet time
LAGS = (0.0, 0.0, 5.0, 30.0, 59.0)  # seconds that a count of SQS is old
SWITCHING = (0.5, 10.0, 60.0)  # seconds that AWS takes to stop or to start a pipe


@dataclass(frozen=True, kw_only=True)
class LanePlan:
    """So many lanes `before`, and so many from `since` on (virtual seconds)."""

    before: int
    lanes: int
    since: float

    @classmethod
    def draw(cls, rng: random.Random, sent_at: list[float]) -> "LanePlan":
        """A change of the number of lanes close to one of the moments at which clients send."""
        before, lanes = rng.sample((1, 2, 3), 2)
        return cls(before=before, lanes=lanes, since=rng.choice(sent_at) + rng.uniform(-1.5, 1.5))

    @property
    def moment(self) -> datetime:
        """When tasks go to the new lanes."""
        return datetime.fromtimestamp(self.since, UTC)


class RememberingFifo(InMemoryFifo):
    """A queue that knows how many messages it had."""

    def __init__(self, now: Callable[[], float], visibility: float, most: int, dead_letters: InMemoryFifo) -> None:
        super().__init__(now, visibility, most, dead_letters)
        self._history: list[tuple[float, list[float]]] = [(0.0, [])]

    def send(self, body: str, group: str, deduplication_id: str) -> str:
        """Add a message."""
        sent = super().send(body, group, deduplication_id)
        self._remember()
        return sent

    def receive(self, visibility_timeout: float | None = None) -> Stored | None:
        """The next message."""
        received = super().receive(visibility_timeout)
        self._remember()
        return received

    def delete(self, receipt_handle: str) -> None:
        """Delete a message."""
        super().delete(receipt_handle)
        self._remember()

    def counts(self, moment: float) -> tuple[int, int]:
        """How many messages were visible and in flight at a moment."""
        visible_at = next(found for at, found in reversed(self._history) if at <= moment)
        visible = sum(at <= moment for at in visible_at)
        return visible, len(visible_at) - visible

    def _remember(self) -> None:
        self._history.append((self._now(), [message.visible_at for message in self.messages]))


class SimulatedPipe:
    """The state of a pipe, which AWS changes slowly."""

    def __init__(self, now: Callable[[], float], rng: random.Random, *, running: bool) -> None:
        self._now, self._rng = now, rng
        self.desired = running
        self._changed_at = 0.0

    @property
    def moves_messages(self) -> bool:
        """Whether it takes messages now: one that is being stopped still does, one that is being started does not."""
        return not self.desired if self._is_changing else self.desired

    def describe(self) -> dict[str, str]:
        """DescribePipe."""
        stopped, running = ("STARTING", "STOPPING") if self._is_changing else ("STOPPED", "RUNNING")
        current = running if self.moves_messages else stopped
        return {"DesiredState": "RUNNING" if self.desired else "STOPPED", "CurrentState": current, "StateReason": ""}

    def switch(self, running: bool) -> bool:
        """StartPipe or StopPipe; False while it is changing."""
        if self._is_changing:
            return False
        if running != self.desired:
            self.desired = running
            self._changed_at = self._now() + self._rng.choice(SWITCHING)
        return True

    @property
    def _is_changing(self) -> bool:
        return self._now() < self._changed_at


@dataclass(frozen=True, kw_only=True)
class SimulatedLane:
    """One lane: its queue, its pipe, and the route of that."""

    queue: RememberingFifo
    pipe: SimulatedPipe
    route: PipeRoute


class SimulatedLanes:
    """All lanes of a schedule. In place of a single queue, it has the messages of all."""

    def __init__(
        self,
        plan: LanePlan,
        rng: random.Random,
        now: Callable[[], float],
        queue: Callable[[], RememberingFifo],
    ) -> None:
        self.plan, self._rng, self._now = plan, rng, now
        self.old = self._lanes(queue, lane_names(GENERATION - 1, plan.before), running=True)
        self.new = self._lanes(queue, lane_names(GENERATION, plan.lanes), running=False)
        self.all = self.new | self.old

    def _lanes(
        self, queue: Callable[[], RememberingFifo], names: tuple[str, ...], *, running: bool
    ) -> dict[str, SimulatedLane]:
        return {
            name: SimulatedLane(
                queue=queue(),
                pipe=SimulatedPipe(self._now, self._rng, running=running),
                route=PipeRoute(
                    source_arn=f"arn:aws:sqs:us-east-1:000000000000:taskline-sim-{name}.fifo",
                    target_arn="machine",
                    region="us-east-1",
                ),
            )
            for name in names
        }

    @property
    def messages(self) -> list[Stored]:
        """The messages of all lanes."""
        return [message for lane in self.all.values() for message in lane.queue.messages]

    @property
    def undelivered(self) -> list[Stored]:
        """What SQS gave up on, in all lanes."""
        return [message for lane in self.all.values() for message in lane.queue.undelivered]

    def lanes(self) -> Lanes:
        """What senders know: a queue's URL is its lane's name."""
        return Lanes(queues=tuple(self.new), before=tuple(self.old), since=self.plan.moment)

    def senders_clock(self) -> datetime:
        """The clock of one of several hosts."""
        return datetime.fromtimestamp(self._now() + self._rng.choice(SKEWS), UTC)

    def handover(self, drain: Drain) -> Handover:
        """What the breaker knows."""
        return Handover(generation=GENERATION, since=self.plan.moment, pipes=frozenset(self.new), drain=drain)

    def attributes(self, url: str) -> dict[str, str]:
        """GetQueueAttributes: each count is as old as it happens to be."""
        queue, now = self.all[url].queue, self._now()
        visible, in_flight = (queue.counts(now - self._rng.choice(LAGS))[which] for which in (0, 1))
        return {
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(in_flight),
            "ApproximateNumberOfMessagesDelayed": "0",
        }


class PipesClient:
    """The breaker's client of EventBridge Pipes. `perform` makes each call, with faults."""

    class exceptions:  # noqa: N801 boto3's name
        """boto3's modelled errors."""

        class ConflictException(ClientError):
            """Another change is in progress."""

            def __init__(self) -> None:
                super().__init__({"Error": {"Code": "ConflictException", "Message": "busy"}}, "SwitchPipe")

    def __init__(self, lanes: SimulatedLanes, perform: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._pipes = {name: lane.pipe for name, lane in lanes.all.items()}
        self._perform = perform

    def describe_pipe(self, *, Name: str) -> dict[str, str]:  # noqa: N803 boto3's name
        """DescribePipe."""
        return self._perform("DescribePipe", self._pipes[Name].describe)

    def start_pipe(self, *, Name: str) -> None:  # noqa: N803 boto3's name
        """StartPipe."""
        self._perform("StartPipe", lambda: self._switch(Name, running=True))

    def stop_pipe(self, *, Name: str) -> None:  # noqa: N803 boto3's name
        """StopPipe."""
        self._perform("StopPipe", lambda: self._switch(Name, running=False))

    def _switch(self, name: str, *, running: bool) -> None:
        if not self._pipes[name].switch(running):
            raise self.exceptions.ConflictException
