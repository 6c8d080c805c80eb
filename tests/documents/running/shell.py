"""Reads the part of the shell's language that the documents use, and runs it with programs of the test's own.

What is not understood is reported, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.documents.running.markdown import Quote

# A program takes its arguments and its standard input, and returns its standard output. Raises `Wrong`.
Program = Callable[[Sequence[str], str], str]

_NAME = re.compile(r"\w+|\{\w+\}")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.S)
_BLANK = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_ESCAPED = ("$", '"', "\\", "`", "\n")
_SEPARATORS = ("&&", "||", "|", ";", "\n")
_UNKNOWN = "<>&()`"


class Wrong(Exception):
    """A command that does not do what it is quoted for. `line` counts from the start of the quote."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Substitution:
    commands: tuple[Command, ...]


Part = str | Variable | Substitution
Word = tuple[Part, ...]


@dataclass(frozen=True)
class Command:
    """One simple command: `piped` ones read what the command before them wrote."""

    line: int
    words: tuple[Word, ...]
    piped: bool


class _Reader:
    """Reads commands from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def commands(self, end: str = "") -> Iterator[Command]:
        """All commands up to `end`, which is read as well, or else to the end of the text."""
        words: list[Word] = []
        piped, line = False, 0
        while True:
            self._skip_blanks()
            finished = self._finished(end)
            separator = "" if finished else next((one for one in _SEPARATORS if self._take(one)), "")
            if (finished or separator) and words:
                yield Command(line, tuple(words), piped)
                words, piped = [], separator == "|"
            if finished:
                return
            if not separator:
                line = line if words else self._line()
                words.append(tuple(self._word(end)))

    def _word(self, end: str) -> Iterator[Part]:
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in " \t\n;|" or character == end or self._text.startswith("&&", self._at):
                return
            if character in _UNKNOWN:
                raise Wrong(f"cannot read {character!r}", self._line())
            self._at += 1
            if character == "'":
                yield self._single_quoted()
            elif character == '"':
                yield from self._double_quoted()
            else:
                yield self._unquoted(character)

    def _unquoted(self, character: str) -> Part:
        if character == "$":
            return self._dollar()
        return self._next().strip("\n") if character == "\\" else character

    def _single_quoted(self) -> str:
        start, found = self._at, self._text.find("'", self._at)
        if found < 0:
            raise Wrong("a ' is never closed", self._line())
        self._at = found + 1
        return self._text[start:found]

    def _double_quoted(self) -> Iterator[Part]:
        start = self._line()
        yield ""
        while not self._take('"'):
            if self._at >= len(self._text):
                raise Wrong('a " is never closed', start)
            character = self._next()
            escapes = character == "\\" and self._text[self._at : self._at + 1] in _ESCAPED
            yield self._unquoted(character) if character == "$" or escapes else character

    def _dollar(self) -> Part:
        if self._take("("):
            return Substitution(tuple(self.commands(")")))
        if not (name := _NAME.match(self._text, self._at)):
            return "$"
        self._at = name.end()
        return Variable(name[0].strip("{}"))

    def _finished(self, end: str) -> bool:
        if end and self._at >= len(self._text):
            raise Wrong("a $( is never closed", self._line())
        return self._take(end) if end else self._at >= len(self._text)

    def _skip_blanks(self) -> None:
        if blank := _BLANK.match(self._text, self._at):
            self._at = blank.end()

    def _take(self, expected: str) -> bool:
        """Read this, if it is next."""
        taken = self._text.startswith(expected, self._at)
        self._at += len(expected) if taken else 0
        return taken

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1 : self._at]

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at)


def parse(text: str) -> list[Command]:
    """All commands of a script. Raises `Wrong`."""
    return list(_Reader(text).commands())


class Shell:
    """Runs quotes, each with variables of its own, and collects what is wrong with them as `file:line: message`."""

    def __init__(self, programs: Mapping[str, Program], variables: Mapping[str, str]) -> None:
        self._programs = programs
        self._variables = variables

    def problems(self, quote: Quote) -> list[str]:
        found: list[Wrong] = []
        try:
            _Run(self._programs, dict(self._variables), found).run(parse(quote.text))
        except Wrong as error:
            found.append(error)
        return [f"{quote.file}:{quote.line + error.line}: {error}" for error in found]


class _Run:
    """One run of a script; a command that goes wrong does not keep the next ones from being tried."""

    def __init__(self, programs: Mapping[str, Program], variables: dict[str, str], found: list[Wrong]) -> None:
        self._programs = programs
        self._variables = variables
        self._found = found

    def run(self, commands: Sequence[Command]) -> str:
        """What the commands wrote."""
        outputs = [""]
        for command in commands:
            try:
                outputs.append(self._command(command, outputs.pop() if command.piped else ""))
            except Wrong as error:
                self._found.append(Wrong(str(error), error.line or command.line))
                outputs.append("")
        return "".join(outputs)

    def _command(self, command: Command, read: str) -> str:
        words = [self._expanded(word) for word in command.words]
        assigned: dict[str, str] = {}
        while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
            assigned[assignment[1]] = assignment[2]
            words.pop(0)
        if not words:
            self._variables |= assigned  # before a command they would be for this command alone
            return ""
        if words[0] == "export":
            return self._export(words[1:])
        if words[0] not in self._programs:
            raise Wrong(f"does not know how to check {words[0]!r}: {' '.join(words)}")
        return self._programs[words[0]](words[1:], read)

    def _export(self, words: Sequence[str]) -> str:
        for word in words:
            if not (assignment := _ASSIGNMENT.fullmatch(word)):
                raise Wrong(f"cannot read 'export {word}'")
            self._variables[assignment[1]] = assignment[2]
        return ""

    def _expanded(self, word: Word) -> str:
        return "".join(self._value(part) for part in word)

    def _value(self, part: Part) -> str:
        if isinstance(part, Variable):
            if part.name not in self._variables:
                raise Wrong(f"${part.name} is not set")
            return self._variables[part.name]
        return self.run(part.commands).rstrip("\n") if isinstance(part, Substitution) else part
