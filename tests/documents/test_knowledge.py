"""Each assumption about AWS names a test that exists, and rows that `make smoke` has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.host.options import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs/explanation/what-we-know.md"
SMOKE = "".join(path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "operations/smoke").glob("*.py"))


def rows() -> list[list[str]]:
    """The cells of all tables: assumption, source, tests, rows of `make smoke`."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]
    return [row for row in cells if not row[0].strip().startswith(("what is assumed", "---"))]


def unknown_tests(cell: str) -> Iterator[str]:
    """Modules that are not there, and words that the name of none of their tests has."""
    for part in cell.split("; "):
        module, *words = re.findall(r"`([\w/.]+)`|\*([^*]+)\*", part)
        path = PROJECT_ROOT / module[0]
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        names = " ".join(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
        yield from [] if names else [module[0]]
        yield from (word for _, word in words if word.replace(" ", "_").lower() not in names)


def unknown_rows(cell: str) -> Iterator[str]:
    yield from (name for name in re.findall(r"\*([^*]+)\*", cell) if f'"{name}"' not in SMOKE)
    if "*" not in cell and not cell.startswith("none: "):
        yield cell


def test_every_assumption_has_a_source_a_test_and_a_row_or_the_reason_why_not():
    assert len(rows()) >= 25
    assert {len(row) for row in rows()} == {4}
    for assumption, source, tests, smoke in rows():
        assert re.search(r"\]\(https://docs\.aws\.amazon\.com/[\w/.-]+\.html\)", source), assumption
        assert list(unknown_tests(tests)) == [], assumption
        assert list(unknown_rows(smoke)) == [], assumption


def test_a_test_or_a_row_that_is_not_there_is_noticed():
    assert list(unknown_tests("`tests/local/services/test_pipe.py`: *no such words*")) == ["no such words"]
    assert list(unknown_tests("`tests/asl/test_nothing.py`: *words*")) == ["tests/asl/test_nothing.py", "words"]
    assert list(unknown_rows("*a task succeeds*, *no such row*")) == ["no such row"]
    assert list(unknown_rows("nothing")) == ["nothing"]
