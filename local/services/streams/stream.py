"""An event source mapping on a table's stream, as Lambda runs one: batches in order, retried until they are done.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html

- A function that reports failed records has processed all before the first of them; the others are retried.
- A function that fails is invoked with the two halves of its batch one after the other, if the mapping bisects.
- A batch that was tried too often, or contains a record that is too old, is given up: its position in the stream goes
  to the on-failure destination, and the records after it follow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Record = Mapping[str, Any]  # as the function receives it
IDLE_SECONDS = 0.25
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
TOO_OLD, TOO_OFTEN = "MaxRecordAgeExceeded", "RetryAttemptsExhausted"


class FunctionFailed(Exception):
    """The function raised, timed out or could not be invoked: no record of its batch counts as processed."""


class BatchFunction(Protocol):
    """The function behind the mapping."""

    def invoke(self, records: list[Record]) -> object:
        """Invoke the function and return its response. Raises `FunctionFailed`."""
        ...


class Destination(Protocol):
    """Where batches that were given up are recorded."""

    def record(self, records: list[Record], condition: str, invocations: int) -> None:
        """Record the position of the batch; its records are not part of that, as on AWS."""
        ...


@dataclass(frozen=True, kw_only=True)
class MappingSettings:
    """The mapping's settings. `max_retries` and `max_age_seconds` of -1 mean without limit."""

    batch_size: int
    reports_failures: bool
    bisects: bool
    max_retries: int
    max_age_seconds: int


@dataclass
class StreamBatch:
    """Records that are tried together, and how often they have been."""

    records: list[Record]
    tries: int = 0


class StreamWorker:
    """Processes the records of one shard. `step` returns how long to wait before the next."""

    def __init__(
        self, rules: MappingSettings, function: BatchFunction, destination: Destination, clock: Callable[[], float]
    ) -> None:
        self._rules = rules
        self._function = function
        self._destination = destination
        self._clock = clock
        self._batches: deque[StreamBatch] = deque()

    @property
    def waiting(self) -> list[Record]:
        """Records that were read from the stream and are not processed, oldest first."""
        return [record for batch in self._batches for record in batch.records]

    def add(self, records: Iterable[Record]) -> None:
        """Add records after all others."""
        rest = list(records)
        size = self._rules.batch_size
        self._batches.extend(StreamBatch(rest[start : start + size]) for start in range(0, len(rest), size))

    def step(self) -> float:
        """Try the oldest batch once. Returns the seconds to wait."""
        if not self._batches:
            return IDLE_SECONDS
        batch = self._batches[0]
        batch.tries += 1
        try:
            done = self._done(batch)
        except FunctionFailed:
            return self._retry(batch, halve=True)
        if done == len(batch.records):
            self._batches.popleft()
            return 0.0
        if done:
            batch.records, batch.tries = batch.records[done:], 1
        return self._retry(batch, halve=False)

    def _done(self, batch: StreamBatch) -> int:
        """How many records of the batch are processed."""
        response = self._function.invoke(batch.records)
        failures = response.get("batchItemFailures") if isinstance(response, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not self._rules.reports_failures or not failures:
            return len(batch.records)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
        try:
            return min(numbers.index(failure["itemIdentifier"]) for failure in failures)  # pyright: ignore[reportUnknownVariableType]
        except (ValueError, KeyError, TypeError) as error:
            # An identifier that is not in the batch fails the whole batch.
            raise FunctionFailed("unknown itemIdentifier") from error

    def _retry(self, batch: StreamBatch, *, halve: bool) -> float:
        splits = halve and self._rules.bisects and len(batch.records) > 1
        condition = self._given_up(batch)
        if condition == TOO_OLD or (condition and not splits):
            self._destination.record(batch.records, condition, batch.tries)
            self._batches.popleft()
            return 0.0
        if splits:
            self._batches.popleft()
            middle = len(batch.records) // 2
            self._batches.extendleft([StreamBatch(batch.records[middle:]), StreamBatch(batch.records[:middle])])
        return min(FIRST_PAUSE_SECONDS * 2 ** min(batch.tries - 1, 10), LONGEST_PAUSE_SECONDS)

    def _given_up(self, batch: StreamBatch) -> str:
        rules = self._rules
        oldest = min(record["dynamodb"]["ApproximateCreationDateTime"] for record in batch.records)
        if 0 <= rules.max_age_seconds < self._clock() - oldest:
            return TOO_OLD
        return TOO_OFTEN if 0 <= rules.max_retries < batch.tries else ""
