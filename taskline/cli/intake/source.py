"""Reads a file of tasks line by line, in memory that does not grow with the file."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, cast

from taskline.cli.basis.exits import usage
from taskline.cli.intake.lines import Defaults, Line, WrongColumns, check_columns, from_cells

STDIN = "-"
BLOCK = 1 << 16
LARGEST_ELEMENT = 1 << 22  # characters; a task has at most 192 KiB
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class Format(StrEnum):
    """How a file holds its tasks."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file, or stdin, and what its lines mean."""

    name: str
    format: Format
    defaults: Defaults

    @property
    def path(self) -> Path | None:
        """The file; None for stdin, which cannot be read twice."""
        return None if self.name == STDIN else Path(self.name)

    def size(self) -> int | None:
        """Its bytes, if that is known."""
        return self.path.stat().st_size if self.path else None

    def lines(self, stdin: IO[bytes]) -> Iterator[Line]:
        """All lines, those that hold no task included."""
        read = _READERS[self.format]
        try:
            with self.path.open("rb") if self.path else contextlib.nullcontext(stdin) as file:
                yield from read(file, self.defaults)
        except UnicodeDecodeError as error:
            raise usage("The file is not UTF-8.", "Convert it: iconv -f latin1 -t utf-8.") from error

    def digest(self, salt: str) -> str:
        """Of the file and of all that decides which tasks it makes: equal digests mean equal tasks."""
        digest = hashlib.sha256(json.dumps([salt, self.format, self.defaults.describe()], sort_keys=True).encode())
        if self.path:
            with self.path.open("rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
        return digest.hexdigest()


def format_of(name: str, given: Format | None) -> Format:
    """The format that is named, or that the file's name says. `CommandFailed` if neither does."""
    if given:
        return given
    suffix = Path(name).suffix.lower()
    if suffix in SUFFIXES:
        return Format(SUFFIXES[suffix])
    shown = "stdin" if name == STDIN else name
    raise usage(f"{shown} does not say what it holds.", "Name the format: --format csv, json or jsonl.")


def _csv(file: IO[bytes], defaults: Defaults) -> Iterator[Line]:
    text = _Remembering(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
    reader = csv.reader(text, strict=True)
    try:
        header = [name.strip() for name in next(reader, list[str]())]
        check_columns(header)
    except (WrongColumns, csv.Error) as error:
        raise usage(f"The CSV file cannot be used: {error}", "Correct its first line.") from error
    text.take()
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield _broken(number, text.take(), "", f"is not CSV: {error}")
            continue
        if row is None:
            return
        raw = text.take()
        if row:
            yield _record(number, raw, header, row, defaults)


def _record(number: int, raw: str, header: list[str], row: list[str], defaults: Defaults) -> Line:
    if len(row) != len(header):
        return _broken(number, raw, "", f"has {len(row)} cells, and the header has {len(header)}")
    try:
        task = from_cells(dict(zip(header, row, strict=True)), defaults)
    except ValueError as error:
        return _broken(number, raw, "data", str(error))
    return Line(number=number, size=len(raw.encode()), text=raw, task=task)


class _Remembering:
    """Iterates over the lines of a file, and keeps those that were read since the last `take`."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self._kept: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self._kept.append(line)
        return line

    def take(self) -> str:
        """The lines since the last call."""
        taken, self._kept = "".join(self._kept), []
        return taken


def _jsonl(file: IO[bytes], defaults: Defaults) -> Iterator[Line]:
    for number, raw in enumerate(file, 1):
        if not raw.strip():
            continue
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            found: Any = json.loads(text)
        except ValueError as error:
            yield _broken(number, raw.decode(errors="replace").strip(), "", f"is not JSON: {error}", len(raw))
            continue
        yield _element(number, len(raw), text, found, defaults)


def _element(number: int, size: int, text: str, found: Any, defaults: Defaults) -> Line:
    if not isinstance(found, dict):
        return _broken(number, text, "", "is not a JSON object", size)
    return Line(number=number, size=size, text=text, task=defaults.task(cast("dict[str, Any]", found)))


def _json(file: IO[bytes], defaults: Defaults) -> Iterator[Line]:
    """One task, or an array of tasks, which is decoded element by element."""
    stream = _Elements(io.TextIOWrapper(file, encoding="utf-8-sig"))
    for number, (text, found) in enumerate(stream.elements(), 1):
        yield _element(number, len(text.encode()), text, found, defaults)


class _Elements:
    """Decodes a JSON array element by element: at any time only one element and one block are in memory."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self._buffer = ""
        self._ended = False
        self._decoder = json.JSONDecoder()

    def elements(self) -> Iterator[tuple[str, Any]]:
        """Each element with its text. `CommandFailed` where the file is not JSON: nothing behind it can be read."""
        if self._peek() != "[":
            yield self._decode()
            self._expect_end()
            return
        self._skip()
        first = True
        while (mark := self._peek()) != "]":
            if not first:
                self._comma(mark)
            yield self._decode()
            first = False
        self._skip()
        self._expect_end()

    def _comma(self, mark: str) -> None:
        if mark != ",":
            raise self._not_json("a comma or the end of the array is missing")
        self._skip()

    def _peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            self._buffer = self._buffer.lstrip()
            if self._buffer or not self._fill():
                return self._buffer[:1]

    def _skip(self) -> None:
        self._buffer = self._buffer[1:]

    def _decode(self) -> tuple[str, Any]:
        self._peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._buffer)
                whole = end < len(self._buffer) or self._ended  # a number may go on in the next block
            except ValueError as error:
                if len(self._buffer) > LARGEST_ELEMENT or not self._fill():
                    raise self._not_json(str(error)) from error
                continue
            if whole or not self._fill():
                text, self._buffer = self._buffer[:end], self._buffer[end:]
                return text, found

    def _fill(self) -> bool:
        """Read as much again as there is, so that a large element is not decoded from its start too often."""
        block = self._file.read(max(BLOCK, len(self._buffer)))
        self._ended = not block
        self._buffer += block
        return bool(block)

    def _expect_end(self) -> None:
        if self._peek():
            raise self._not_json("something stands behind the end; one task per line is --format jsonl")

    def _not_json(self, why: str) -> Exception:
        return usage(f"The file is not JSON: {why}.", "Correct it. What was read before is submitted and safe.")


def _broken(number: int, text: str, field: str, message: str, size: int | None = None) -> Line:
    errors = ({"field": field or "line", "message": message},)
    return Line(number=number, size=len(text.encode()) if size is None else size, text=text, errors=errors)


_READERS: dict[Format, Callable[[IO[bytes], Defaults], Iterator[Line]]] = {
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
}
