"""Where a command's words go: JSON or a table on stdout, everything else on stderr.

On a terminal a table is drawn and cut to its width; in a pipe it is tab-separated, complete and without colour.
No JSON field depends on the terminal. Rich is imported only for a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO

from taskline.cli.basis.exits import CommandFailed
from taskline.cli.render.words import harmless, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP = 2  # characters between two columns
STYLES = {
    "queued": "dim",
    "parked": "yellow",
    "processing": "blue",
    "succeeded": "green",
    "closed": "green",
    "pass": "green",
    "failed": "red",
    "fail": "red",
    "open": "red",
    "cancelled": "dim",
    "half_open": "yellow",
    "warn": "yellow",
}


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Form(StrEnum):
    """What stdout holds."""

    TEXT = "text"
    JSON = "json"
    LINES = "jsonl"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table. On a narrow terminal a `spare` one is left out, and a `wide` one is cut."""

    title: str
    right: bool = False
    wide: bool = False
    spare: bool = False


@dataclass(frozen=True, kw_only=True)
class Output:
    """Writes to stdout and stderr as they are when it writes."""

    form: Form = Form.TEXT
    color: Color = Color.AUTO
    headers: bool = True

    @classmethod
    def plain(cls, *, as_json: bool, color: Color) -> Output:
        """For what is said of a command that has not begun, or is over."""
        return cls(form=Form.JSON if as_json else Form.TEXT, color=color)

    @property
    def is_text(self) -> bool:
        """Whether people read stdout, and no program that expects JSON."""
        return self.form is Form.TEXT

    @property
    def streams(self) -> bool:
        """Whether stdout holds a JSON document on each line."""
        return self.form is Form.LINES

    @property
    def is_terminal(self) -> bool:
        """Whether stdout is drawn on."""
        return self.is_text and sys.stdout.isatty()

    @property
    def can_ask(self) -> bool:
        """Whether a person can be asked, and sees the question."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def document(self, value: Any) -> None:
        """One JSON document, alone on stdout."""
        pretty = 2 if self.form is Form.JSON and sys.stdout.isatty() else None
        sys.stdout.write(json.dumps(value, indent=pretty, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()

    def line(self, value: Any) -> None:
        """One line of a stream of JSON."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()

    def text(self, text: str, style: str = "") -> None:
        """A line for people, on stdout."""
        self._print(sys.stdout, text, style)

    def note(self, text: str, style: str = "") -> None:
        """A hint, a warning or progress: stderr, so that it is never taken for a result."""
        self._print(sys.stderr, text, style)

    def warn(self, text: str) -> None:
        """Something that deserves attention, and ends nothing."""
        self.note(f"Warning: {text}", "yellow")

    def failure(self, failure: CommandFailed) -> None:
        """Why the command ended, and what to do."""
        self.note(f"Error: {failure.title}", "bold red")
        for text in filter(None, (failure.detail, *_fields(failure.problem))):
            self.note(f"  {text}")
        if request := failure.problem.get("request_id"):
            self.note(f"  request {request}", "dim")
        if failure.remedy:
            self.note(f"  What to do: {failure.remedy}")

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, empty: str = "") -> None:
        """Rows of texts. `empty` is said on stderr instead of a table with no rows."""
        if self.is_terminal:
            self._draw(columns, list(rows), empty)
            return
        lines = [[column.title.lower().replace(" ", "_") for column in columns]] if self.headers else []
        for row in (*lines, *rows):
            sys.stdout.write("\t".join(map(one_line, row)) + "\n")
        sys.stdout.flush()

    def row(self, cells: Sequence[str]) -> None:
        """A line that comes alone, as in a log: there is no table to wait for."""
        if not self.is_terminal:
            sys.stdout.write("\t".join(map(one_line, cells)) + "\n")
            sys.stdout.flush()
            return
        from rich.text import Text

        self.console(sys.stdout).print(Text("  ").join(styled(cell) for cell in cells if cell), soft_wrap=True)

    def fields(self, values: Mapping[str, str]) -> None:
        """A name and a value on each line."""
        if not self.is_terminal:
            for name, value in values.items():
                sys.stdout.write(f"{name}\t{one_line(value)}\n")
            sys.stdout.flush()
            return
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        for name, value in values.items():
            grid.add_row(Text(name, style="dim"), styled(value))
        self.console(sys.stdout).print(grid)

    def console(self, stream: TextIO) -> Console:
        """Rich's console for a stream, with colour as the options and the environment want it."""
        from rich.console import Console

        forced = {Color.ALWAYS: True, Color.NEVER: False, Color.AUTO: None}[self.color]
        plain = not self._uses_color(stream)
        terminal = True if forced else None
        return Console(file=stream, no_color=plain, force_terminal=terminal, highlight=False, markup=False)

    def _draw(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], empty: str) -> None:
        if not rows and empty:
            self.note(empty)
            return
        from rich.table import Table

        from taskline.cli.render.widths import fitted

        console = self.console(sys.stdout)
        cells = [[harmless(cell) for cell in row] for row in rows]
        table = Table(box=None, show_header=self.headers, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        shown = fitted(columns, cells, console.width, GAP)
        for index, width in shown.items():
            column = columns[index]
            justify = "right" if column.right else "left"
            table.add_column(column.title, justify=justify, no_wrap=True, overflow="ellipsis", width=width)
        for row in cells:
            table.add_row(*(styled(row[index]) for index in shown))
        console.print(table)

    def _print(self, stream: TextIO, text: str, style: str) -> None:
        shown = harmless(text)
        if style and self._uses_color(stream):
            from rich.text import Text

            self.console(stream).print(Text(shown, style=style), soft_wrap=True)
        else:
            stream.write(f"{shown}\n")
            stream.flush()

    def _uses_color(self, stream: TextIO) -> bool:
        if self.color is not Color.AUTO:
            return self.color is Color.ALWAYS
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(cell: str) -> Text:
    """A cell in its status's colour; the word alone says the same."""
    from rich.text import Text

    return Text(harmless(cell), style=STYLES.get(cell, ""))


def _fields(problem: Mapping[str, Any]) -> list[str]:
    """The wrong fields that a problem document lists."""
    return [f"{one.get('field')}: {one.get('message')}" for one in problem.get("errors") or ()]
