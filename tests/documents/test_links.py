"""What the documents point to is there: files, headings, and the paths they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT
from tests.documents.running.markdown import CHANGELOG, DOCUMENTS, Document

_EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
# A path in a code span: it begins with a folder of the project. Patterns and placeholders are not paths.
_PATH = re.compile(r"(?:asl|benchmarks|docs|functions|infrastructure|local|requirements|statemachine|tests)/[\w./-]*")


def name(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT))


def broken_links(document: Document, root: Path) -> Iterator[str]:
    """Relative links to a file, a folder or a heading that is not there."""
    home = root / document.name
    for link in document.links():
        if _EXTERNAL.match(link.text):
            continue
        path, _, anchor = link.text.partition("#")
        target = (home.parent / path).resolve() if path else home
        if not (target.exists() and target.is_relative_to(root)):
            yield f"{link.place}: there is no {path}"
        elif anchor and anchor not in Document(path, target.read_text(encoding="utf-8")).anchors():
            yield f"{link.place}: {target.name} has no heading #{anchor}"


def missing_paths(document: Document, root: Path) -> Iterator[str]:
    """Files and folders that a code span names and that are not there."""
    for span in document.spans():
        if _PATH.fullmatch(span.text) and not (root / span.text).exists():
            yield f"{span.place}: there is no {span.text}"


@pytest.mark.parametrize("path", [*DOCUMENTS, CHANGELOG], ids=name)
def test_every_relative_link_leads_somewhere(path: Path):
    problems = list(broken_links(Document.read(path), PROJECT_ROOT))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_path_that_is_named_exists(path: Path):
    problems = list(missing_paths(Document.read(path), PROJECT_ROOT))
    assert not problems, "\n".join(problems)


def test_a_broken_link_is_reported_with_file_and_line(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# The `start`: [it](x)!\n## Twice\n## Twice\n```sh\n# not one\n```\n")
    text = """[a](../README.md) [b](../README.md#the-start-it) [c](../README.md#twice-1) [d](https://e.org/x#y)
`[e](none.md)` [`f`](none.md)
[g](../README.md#not-one) ![h](none.png "title")
[i](#here) [j](../../outside.md)

[k]: none.txt
## Not here
"""
    (tmp_path / "docs" / "one.md").write_text(text)
    assert list(broken_links(Document("docs/one.md", text), tmp_path)) == [
        "docs/one.md:2: there is no none.md",
        "docs/one.md:3: README.md has no heading #not-one",
        "docs/one.md:3: there is no none.png",
        "docs/one.md:4: one.md has no heading #here",
        "docs/one.md:4: there is no ../../outside.md",
        "docs/one.md:6: there is no none.txt",
    ]


def test_a_missing_path_is_reported_with_file_and_line(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    document = Document("some.md", "`docs/`\n`docs/none.md` `docs/*.md` `other/none.md`\n")
    assert list(missing_paths(document, tmp_path)) == ["some.md:2: there is no docs/none.md"]
