"""Each rule of the page about the Express runner is held by a test that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.host.options import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs/reference/express.md"
ROOMS = ("asl", "local/services")  # the runner's own, and what the laptop edition adds
TESTS = {
    path.stem: path.read_text(encoding="utf-8")
    for room in ROOMS
    for path in (PROJECT_ROOT / "tests" / room).rglob("test_*.py")
}


def rules() -> list[tuple[str, str]]:
    """Each rule with the cell that names its tests."""
    table = PAGE.read_text(encoding="utf-8").partition("## Scenarios")[2].partition("\n## ")[0]
    rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in table.splitlines() if line.startswith("| ")]
    return [(row[0], row[-1]) for row in rows[2:]]


def unknown(tests: str) -> Iterator[str]:
    """Names of modules that are not there, and words that no test's name in them has."""
    modules = re.findall(r"`(test_\w+)`", tests)
    yield from (name for name in modules if name not in TESTS)
    text = "".join(TESTS.get(name, "") for name in modules)
    names = " ".join(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
    yield from (words for words in re.findall(r"\*([^*]+)\*", tests) if words.replace(" ", "_") not in names)


def test_every_rule_names_tests_that_exist():
    assert len(rules()) >= 40
    missing = {rule: list(unknown(tests)) for rule, tests in rules()}
    assert {rule: names for rule, names in missing.items() if names} == {}


def test_a_test_that_is_not_there_is_noticed():
    assert list(unknown("`test_nothing`: *words*")) == ["test_nothing", "words"]
    assert list(unknown("`test_states`: *a condition must be*; `test_branches`: *no such words*")) == ["no such words"]
