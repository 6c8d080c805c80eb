"""Sends batches: one at a time in each lane, a bounded number at a time in all, each again until it is answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from taskline.cli.basis.batches import Answer, Retry, Send
from taskline.cli.intake.batches import LANES, Batch, Packer
from taskline.cli.intake.lines import Line

WAITING_BATCHES = 2  # of a lane, before the file is read on
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the API said of one line: a task, or the problem."""

    line: Line
    task_id: str = ""
    replayed: bool = False
    problem: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def accepted(self) -> bool:
        """Whether there is a task now."""
        return not self.problem

    @property
    def passes(self) -> bool:
        """Whether sending the batch again may help."""
        return int(self.problem.get("status", 0)) in (429, 500, 502, 503, 504)


class GaveUp(Exception):
    """No batch was answered for too long."""


class Sender:
    """Submits all lines. `send` sends one batch; `acknowledge` gets each batch that is done, and its outcomes.

    `stop()` lets what is under way finish, and sends nothing more.
    """

    def __init__(
        self,
        send: Send,
        acknowledge: Callable[[Batch, Sequence[Outcome]], None],
        *,
        digest: str,
        done: Sequence[int],
        in_flight: int,
        retry_for: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._acknowledge = acknowledge
        self._digest = digest
        self._done = done
        self._permits = asyncio.Semaphore(in_flight)
        self._retry_for = retry_for
        self._clock = clock
        self._stopped = asyncio.Event()
        self._queues: list[asyncio.Queue[Batch | None]] = [asyncio.Queue(WAITING_BATCHES) for _ in range(LANES)]
        self._packer = Packer()
        self._unsent: dict[tuple[int, int], int] = {}
        self._failure: Exception | None = None
        self._at_end = False
        self._answered = clock()  # when any batch was last answered: an API that is slow and alive is not given up

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before the end."""
        return self._stopped.is_set()

    @property
    def finished(self) -> bool:
        """Whether every line has been answered, by this run or an earlier one."""
        return self._at_end and not self._unsent

    def stop(self) -> None:
        """Send nothing more; batches under way are still waited for."""
        self._stopped.set()

    def safe_before(self, read: int) -> int:
        """The last line before which every line is acknowledged, when `read` lines have been read."""
        first = [number for number in (self._packer.first_waiting(), *self._unsent.values()) if number is not None]
        return min(first) - 1 if first else read

    async def run(self, lines: Iterable[Line]) -> None:
        """Submit them. `GaveUp` if the API does not answer; whatever `send` or the lines raise ends it, too.

        Batches that are under way when something fails are still waited for.
        """
        workers = [asyncio.create_task(self._work(queue)) for queue in self._queues]
        try:
            await self._feed(lines)
            for queue in self._queues:
                await queue.put(None)
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
        if self._failure:
            raise self._failure

    async def _feed(self, lines: Iterable[Line]) -> None:
        try:
            for line in lines:
                if self.stopped:
                    return
                if batch := self._packer.add(line):
                    await self._put(batch)
        except Exception as error:  # the rest of the file cannot be read; what was read is safe
            self._failure = error
            return
        for batch in self._packer.rest():  # only at the end: cut short, a batch would not be the same next time
            await self._put(batch)
        self._at_end = True

    async def _put(self, batch: Batch) -> None:
        if batch.number < self._done[batch.lane]:
            return  # acknowledged in an earlier run
        self._unsent[batch.lane, batch.number] = batch.lines[0].number
        await self._queues[batch.lane].put(batch)

    async def _work(self, queue: asyncio.Queue[Batch | None]) -> None:
        while (batch := await queue.get()) is not None:
            try:
                async with self._permits:
                    outcomes = await self._deliver(batch)
            except Exception as error:  # reported by `run`, when the others have finished
                self._failure = self._failure or error
                self.stop()
                continue
            if outcomes is not None:
                del self._unsent[batch.lane, batch.number]
                self._answered = self._clock()
                self._acknowledge(batch, outcomes)

    async def _deliver(self, batch: Batch) -> list[Outcome] | None:
        """Send a batch until each line has an outcome; None if that is over before, because of a stop."""
        started, pause, first = self._clock(), FIRST_PAUSE, True
        while not self.stopped:
            outcomes, why, after = await self._attempt(batch)
            if outcomes is not None:
                # What this run sent before, and got no answer for, is new all the same.
                return outcomes if first else [replace(one, replayed=False) for one in outcomes]
            first = False
            if self._clock() - max(started, self._answered) > self._retry_for:
                raise GaveUp(f"Line {batch.lines[0].number} and those behind it were sent again and again: {why}")
            await self._pause(after or pause * random.uniform(0.5, 1))
            pause = min(LONGEST_PAUSE, pause * 2)
        return None

    async def _attempt(self, batch: Batch) -> tuple[list[Outcome] | None, str, float | None]:
        """The outcomes; or None with the reason why to send it again, and the pause that was asked for."""
        try:
            answers = await self._send([line.task or {} for line in batch.lines], batch.key(self._digest))
        except Retry as error:
            return None, str(error), error.after
        outcomes = [_outcome(line, answer) for line, answer in zip(batch.lines, answers, strict=True)]
        if any(one.passes for one in outcomes):
            return None, "the queue or the table did not respond", None
        return outcomes, "", None

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopped.wait(), min(seconds, LONGEST_PAUSE * 2))
        except TimeoutError:
            return


def _outcome(line: Line, answer: Answer) -> Outcome:
    task_id, replayed, problem = answer
    return Outcome(line=line, task_id=task_id, replayed=replayed, problem=problem)
