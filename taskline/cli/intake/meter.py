"""Shows how far a submission is, on stderr: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from taskline.cli.intake.submission import Meter
from taskline.cli.render.output import Output
from taskline.cli.render.words import count, duration

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS_BETWEEN_LINES = 10.0


@contextlib.contextmanager
def meter(output: Output, size: int | None) -> Generator[Meter]:
    """A meter for a file of so many bytes; None if that is not known."""
    if not sys.stderr.isatty():
        yield Lines(output, size)
        return
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}")]
    if size:
        columns += [TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn()]
    else:
        columns.append(TimeElapsedColumn())
    with Progress(*columns, console=output.console(sys.stderr)) as progress:
        yield Bar(progress, progress.add_task("Submitting", total=size, done=""))


class Bar:
    """A bar of Rich."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._speed = Speed()

    def show(self, *, lines: int, refused: int, size: int) -> None:
        """Draw it anew."""
        done = f"{count(lines, 'line')}, {self._speed.of(lines):,.0f}/s" + (
            f", {refused:,} refused" if refused else ""
        )
        self._progress.update(self._task, completed=size, done=done)


class Lines:
    """A plain line now and then."""

    def __init__(self, output: Output, size: int | None) -> None:
        self._output = output
        self._total = size
        self._speed = Speed()
        self._next = time.monotonic() + SECONDS_BETWEEN_LINES

    def show(self, *, lines: int, refused: int, size: int) -> None:
        """Say it, unless it was said a moment ago."""
        rate = self._speed.of(lines)
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SECONDS_BETWEEN_LINES
        left = f", {duration(self._left(lines, size, rate))} left" if self._total and size and rate else ""
        self._output.note(f"{count(lines, 'line')} done, {refused:,} refused, {rate:,.0f} per second{left}")

    def _left(self, lines: int, size: int, rate: float) -> float:
        assert self._total
        return max(0.0, lines * (self._total / size - 1) / rate)


class Speed:
    """Lines per second since this run began."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._first: int | None = None

    def of(self, lines: int) -> float:
        """The speed, when so many lines of the file are done, by this run or an earlier one."""
        self._first = lines if self._first is None else self._first
        elapsed = time.monotonic() - self._started
        return (lines - self._first) / elapsed if elapsed > 0.1 else 0.0
