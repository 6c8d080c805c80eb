"""Which batch is sent when, and which outcome is known: the state of a submission of many tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taskline.client.basis.errors import NotSubmitted, TasklineError
from taskline.client.bulk.cutting import DEFAULT_KEY, LANES, WINDOW, Batch, Cutter, Item
from taskline.client.protocol import calls
from taskline.client.results.submission import Outcome, Rejected
from taskline.client.results.tasks import NewTask

MAX_AHEAD = 2 * WINDOW  # tasks that are read before the outcome of the first of them is known


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What became of a batch. `failure` is why it, and with it the whole submission, did not succeed."""

    outcomes: Sequence[Outcome]
    failure: TasklineError | None = None


@dataclass(kw_only=True)
class Plan:
    """A lane has one batch under way. Behind a batch that was not accepted whole, and could be later, it stops."""

    in_flight: int
    prefix: str
    batch_id: str | None = None
    failure: Exception | None = None
    _cutter: Cutter = field(init=False)
    _waiting: list[deque[Batch]] = field(default_factory=lambda: [deque() for _ in range(LANES)], init=False)
    _under_way: set[int] = field(default_factory=set[int], init=False)
    _stopped: dict[int, TasklineError] = field(default_factory=dict[int, TasklineError], init=False)
    _outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome], init=False)
    _read: int = field(default=0, init=False)
    _emitted: int = field(default=0, init=False)
    _at_end: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._cutter = Cutter(batch_id=self.batch_id)

    @property
    def is_under_way(self) -> bool:
        """Whether a batch is under way."""
        return bool(self._under_way)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to read, send or wait for."""
        ended = self._at_end or self.failure is not None
        return ended and not self._under_way and (self.failure is not None or not any(self._waiting))

    @property
    def wants_input(self) -> bool:
        """Whether more tasks have to be read before more can be sent, and may be."""
        return (
            not self._at_end
            and self.failure is None
            and len(self._under_way) < self.in_flight
            and not any(self._startable())
            and self._read - self._emitted < MAX_AHEAD
        )

    def add(self, task: NewTask | Mapping[str, Any]) -> None:
        """The next task of the input. One that cannot be sent at all has its outcome at once."""
        index, self._read = self._read, self._read + 1
        try:
            document = calls.as_document(task)
            item = Item(index=index, body=calls.encoded(document), ordering_key=_key(document))
        except TasklineError as error:
            self._outcomes[index] = Rejected(index=index, error=error)
            self._queue(self._cutter.old(index))
            return
        self._queue(self._cutter.add(item))

    def end(self) -> None:
        """There are no more tasks."""
        self._at_end = True
        self._queue(self._cutter.rest())

    def start(self) -> Iterator[Batch]:
        """The batches to send now, first those whose tasks came first."""
        while self.failure is None and len(self._under_way) < self.in_flight:
            lane = min(self._startable(), key=lambda one: self._waiting[one][0].index, default=None)
            if lane is None:
                return
            self._under_way.add(lane)
            yield self._waiting[lane].popleft()

    def collect(self, batch: Batch, sent: Sent) -> None:
        """A batch is over."""
        self._under_way.discard(batch.lane)
        self._outcomes.update({one.index: one for one in sent.outcomes})
        self.failure = self.failure or sent.failure
        if cause := to_try_again(sent.outcomes):
            self._stopped[batch.lane] = cause
            waiting, self._waiting[batch.lane] = self._waiting[batch.lane], deque()
            self._queue(waiting)

    def fail(self, batch: Batch, error: Exception) -> None:
        """Something else than the API ended a batch, and with it the submission: nothing more is sent."""
        self._under_way.discard(batch.lane)
        self.failure = self.failure or error

    def known(self) -> Iterator[Outcome]:
        """The outcomes that can be handed out, in the order of the input: after a failure, with gaps."""
        while self._emitted in self._outcomes:
            self._emitted += 1
            yield self._outcomes.pop(self._emitted - 1)
        if self.failure is not None and self.is_over:
            yield from (self._outcomes.pop(index) for index in sorted(self._outcomes))

    def key(self, batch: Batch) -> str:
        """The batch's idempotency key: made of nothing but the prefix and the place in the input."""
        return f"{self.prefix}-{batch.index}"

    def _startable(self) -> Iterable[int]:
        return [lane for lane in range(LANES) if self._waiting[lane] and lane not in self._under_way]

    def _queue(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            if error := self._stopped.get(batch.lane):
                outcomes = not_submitted(batch, error, self.key(batch))
                self._outcomes.update({one.index: one for one in outcomes})
            else:
                self._waiting[batch.lane].append(batch)


def to_try_again(outcomes: Iterable[Outcome]) -> TasklineError | None:
    """Why a task was not accepted that could be later: what comes behind it has to wait for that."""
    return next((one.error for one in outcomes if isinstance(one, Rejected) and one.error.retryable), None)


def rejected(batch: Batch, error: TasklineError, key: str) -> list[Outcome]:
    """The same outcome for each task of a batch."""
    return [Rejected(index=item.index, error=error, idempotency_key=key) for item in batch.items]


def not_submitted(batch: Batch, cause: TasklineError, key: str) -> list[Outcome]:
    """The outcome of the tasks of a batch that is not sent."""
    message = f"Not sent: an earlier task, behind which it has to stay, was not accepted: {cause}"
    error = NotSubmitted(message, idempotency_key=key, retryable=True)
    error.__cause__ = cause
    return rejected(batch, error, key)


def _key(document: Mapping[str, Any]) -> str:
    """The ordering key as the API reads it. A wrong one is the API's to reject."""
    given = document.get("ordering_key", DEFAULT_KEY)
    return given.strip() if isinstance(given, str) else DEFAULT_KEY
