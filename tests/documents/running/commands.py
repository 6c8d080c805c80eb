"""The commands of the documents: all blocks marked `sh`, and code spans that begin with a program."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.documents.running.markdown import DOCUMENTS, Document, Quote

# The languages of fenced blocks. Only `sh` is read as commands.
LANGUAGES = frozenset({"sh", "json", "python", "text", "toml", "yaml", "mermaid", ""})
_PROGRAM = re.compile(r"^ *(?:\$\()?(?:make|aws|pulumi|curl|python3?|\.venv/bin/\w+|pip|git|taskline) +[^\s=]", re.M)
_RUNS = re.compile(r"\b(?:curl|make|python3?) ")


def commands(document: Document) -> list[Quote]:
    """All quoted commands of a document."""
    blocks = [block for language, block in document.fences() if language == "sh"]
    spans = [
        span._replace(text=re.sub(r"^\$\((.*)\)$", r"\1", span.text))
        for span in document.spans()
        if _PROGRAM.match(span.text)
    ]
    return sorted([*blocks, *spans])


def hidden(document: Document) -> list[str]:
    """Blocks whose commands `commands` misses, because they are not marked `sh`."""
    return [
        f"{block.place}: a block marked {language!r} holds commands"
        for language, block in document.fences()
        if language not in LANGUAGES or (language != "sh" and _PROGRAM.search(block.text))
    ]


def run_by(quotes: Iterable[Quote]) -> list[Quote]:
    """Those that name a program which is run, not only checked; the same words run once.

    `test_examples.py` runs the tutorial, whose commands build on each other.
    """
    runnable = [quote for quote in quotes if _RUNS.search(quote.text) and quote.file != TUTORIAL]
    return list({quote.text: quote for quote in runnable}.values())


TUTORIAL = "docs/tutorial/first-task-type.md"
READ = [Document.read(path) for path in DOCUMENTS]
QUOTES = [quote for document in READ for quote in commands(document)]
