"""Each promise has its row, and what its row names as a proof exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from local.host.options import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs/features.md"
PROMISES = range(1, 52)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows(text: str) -> list[list[str]]:
    """The cells of each row: number, promise, how it is kept, tests."""
    lines = (re.split(r" \| ", line.strip("| ")) for line in text.splitlines() if re.match(r"\| \d", line))
    return [[cell.strip() for cell in row] for row in lines]


def problems(row: list[str]) -> Iterator[str]:
    """Why a row proves nothing: it names no test, or one that is not there."""
    named = TEST.findall(row[3])
    if not named:
        yield f"{row[0]} names no test"
    for file, test in named:
        path = PROJECT_ROOT / file
        if not path.is_file():
            yield f"{row[0]}: there is no {file}"
        elif not re.search(rf"^(?:async )?def {test}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield f"{row[0]}: {file} has no {test}"
    for rest in re.findall(r"`[^`]*`", TEST.sub("", row[3])):
        yield f"{row[0]}: {rest} is no test"


def test_every_promise_has_a_row_and_no_row_is_left_over():
    found = rows(PAGE.read_text(encoding="utf-8"))
    assert {len(row) for row in found} == {4}
    assert list(dict.fromkeys(int(row[0]) for row in found)) == list(PROMISES)


@pytest.mark.parametrize("row", rows(PAGE.read_text(encoding="utf-8")), ids=lambda row: f"{row[0]} {row[1][:30]}")
def test_what_a_row_names_as_its_proof_exists(row: list[str]):
    assert list(problems(row)) == []


def test_a_row_that_proves_nothing_is_noticed():
    (row,) = rows("| 3 | a | b | `tests/documents/test_features.py::test_none`, `tests/none.py::test_a` |")
    assert list(problems(row)) == [
        "3: tests/documents/test_features.py has no test_none",
        "3: there is no tests/none.py",
    ]
    assert list(problems(["4", "a", "b", "because"])) == ["4 names no test"]
    assert list(problems(["5", "a", "b", "`tests/none.py`"])) == ["5 names no test", "5: `tests/none.py` is no test"]
