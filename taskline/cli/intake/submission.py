"""Submits a file from its first to its last line, or from where an earlier run ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from taskline.cli.basis.batches import Send
from taskline.cli.intake.batches import Batch
from taskline.cli.intake.lines import Line
from taskline.cli.intake.sender import Outcome, Sender
from taskline.cli.intake.state import State

REJECTED = ".rejected.jsonl"
Batches = AbstractAsyncContextManager[Send]


class Meter(Protocol):
    """Shows how far a submission is."""

    def show(self, *, lines: int, refused: int, size: int) -> None:
        """So many lines are done, so many of them refused; they are so many bytes of the file."""
        ...


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a file. `complete` says that every line has been answered, by this run or an earlier one."""

    state: State
    complete: bool
    seconds: float
    submitted: int  # lines that this run got answers for
    failure: Exception | None = None


class Submission:
    """One run. `state_file` is None where nothing can go on later: stdin, which cannot be read twice."""

    def __init__(
        self,
        *,
        state: State,
        state_file: Path | None,
        rejected: Path | None,
        meter: Meter,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self._state = state
        self._state_file = state_file
        self._rejected = rejected
        self._meter = meter
        self._on_outcome = on_outcome
        self._file: IO[bytes] | None = None
        self._read = self._seen_broken = self._submitted = 0
        self._sender: Sender | None = None

    def run(self, lines: Iterable[Line], batches: Batches, *, in_flight: int, retry_for: float) -> Report:
        """Submit the lines until all are answered, Ctrl-C, or a failure that sending again does not cure."""
        started = time.monotonic()
        failure: Exception | None = None
        try:
            asyncio.run(self._run(lines, batches, in_flight, retry_for))
        except Exception as error:  # part of the report: what was submitted is safe
            failure = error
        finally:
            self._save()
            if self._file:
                self._file.close()
        complete = failure is None and self._sender is not None and self._sender.finished
        if complete and self._state_file:
            self._state_file.unlink(missing_ok=True)
        return Report(
            state=self._state,
            complete=complete,
            seconds=time.monotonic() - started,
            submitted=self._submitted,
            failure=failure,
        )

    async def _run(self, lines: Iterable[Line], batches: Batches, in_flight: int, retry_for: float) -> None:
        done = tuple(self._state.lanes)
        digest = self._state.digest
        async with batches as send:
            self._sender = Sender(
                send, self._acknowledge, digest=digest, done=done, in_flight=in_flight, retry_for=retry_for
            )
            with _stopping(self._sender):
                await self._sender.run(self._sound(lines))

    def _sound(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines that hold a task. The others are refused here, once, in whichever run meets them first."""
        for line in lines:
            self._read = line.number
            if not line.errors:
                yield line
                continue
            self._seen_broken += 1
            if self._seen_broken > self._state.read_refused:
                self._state.read_refused += 1
                self._state.size += line.size
                self._refuse(line, line.errors)
                self._show()

    def _acknowledge(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self._submitted += 1
            self._state.size += outcome.line.size
            self._on_outcome(outcome)
            if outcome.accepted:
                self._state.accepted += 1
                self._state.replayed += outcome.replayed
            else:
                self._refuse(outcome.line, _errors(outcome.problem))
        self._state.lanes[batch.lane] = batch.number + 1
        self._save()
        self._show()

    def _refuse(self, line: Line, errors: Sequence[Any]) -> None:
        self._state.refused += 1
        if self._rejected is None:
            return
        if self._file is None:
            self._file = self._rejected.open("r+b" if self._rejected.exists() else "w+b")
            self._file.truncate(self._state.rejected_bytes)  # what a killed run wrote, and did not note
            self._file.seek(self._state.rejected_bytes)
        entry = {"line": line.number, "errors": list(errors), "task": line.task, "text": line.text.rstrip("\r\n")}
        self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def _save(self) -> None:
        if self._sender:
            self._state.safe_line = max(self._state.safe_line, self._sender.safe_before(self._read))
        if self._file:
            self._state.rejected_bytes = self._file.tell()
        if self._state_file:
            self._state.save(self._state_file)

    def _show(self) -> None:
        lines = self._state.accepted + self._state.refused
        self._meter.show(lines=lines, refused=self._state.refused, size=self._state.size)


def _errors(problem: Any) -> list[Any]:
    """What is wrong, by field; for a problem that names no field, its text."""
    named = problem.get("errors")
    return list(named) if named else [{"field": "task", "message": problem.get("detail") or problem.get("title", "")}]


@contextlib.contextmanager
def _stopping(sender: Sender) -> Generator[None]:
    """Ctrl-C and SIGTERM stop the sender; a second one ends the process at once, which is safe as well."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        sender.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
    except (ValueError, RuntimeError, NotImplementedError):  # not the main thread
        yield
        return
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
