"""Reads Markdown: fenced blocks, code spans, headings and links, each with its line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from local.host.options import PROJECT_ROOT

CHANGELOG = PROJECT_ROOT / "CHANGELOG.md"  # names commands of the past
DOCUMENTS = (
    *(PROJECT_ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((PROJECT_ROOT / "docs").rglob("*.md")),
)

_FENCE = re.compile(r"^ *(?P<ticks>```+) *(?P<language>\w*)[^\n]*\n(?P<body>.*?)^ *(?P=ticks) *$", re.M | re.S)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)[^)]*\)|^ *\[[^\]]+\]: +(\S+)", re.M)
_HEADING = re.compile(r"^#+ +(.+?) *#* *$", re.M)


class Quote(NamedTuple):
    """A piece of a document and where it starts."""

    file: str
    line: int
    text: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


class Document:
    """One Markdown file. `name` is its path from the project's root."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._text = text

    @classmethod
    def read(cls, path: Path) -> Document:
        return cls(str(path.relative_to(PROJECT_ROOT)), path.read_text(encoding="utf-8"))

    def fences(self) -> Iterator[tuple[str, Quote]]:
        """Each fenced block with its language, "" if it has none."""
        for found in _FENCE.finditer(self._text):
            yield found["language"], self._quote(found.start("body"), found["body"])

    def spans(self) -> Iterator[Quote]:
        """Each code span of the prose on one line."""
        for found in _SPAN.finditer(self._prose()):
            yield self._quote(found.start(), " ".join(found[1].split()))

    def links(self) -> Iterator[Quote]:
        """The target of each link and image."""
        for found in _LINK.finditer(_SPAN.sub(lambda span: _blank(span[0]), self._prose())):
            yield self._quote(found.start(), found[1] or found[2])

    def anchors(self) -> set[str]:
        """The anchors that GitHub gives the headings; a repeated heading gets a number."""
        seen: Counter[str] = Counter()
        anchors: set[str] = set()
        for heading in _HEADING.findall(self._prose()):
            slug = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading).lower()).replace(" ", "-")
            anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return anchors

    def _prose(self) -> str:
        return _FENCE.sub(lambda fence: _blank(fence[0]), self._text)

    def _quote(self, position: int, text: str) -> Quote:
        return Quote(self.name, self._text.count("\n", 0, position) + 1, text)


def _blank(text: str) -> str:
    """As many characters and lines, and nothing in them."""
    return re.sub(r"[^\n]", " ", text)
