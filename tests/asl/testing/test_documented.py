"""The examples of the guide run as they stand there."""

from collections.abc import Callable
from typing import Any

from asl.testing.moto import SyncExecutions
from tests.architecture.imports import ROOT

_GUIDE = (ROOT / "docs/guides/testing.md").read_text()
_SECTION = _GUIDE.partition("\n## With moto\n")[2].partition("\n## ")[0]
EXAMPLES = [block.partition("```")[0] for block in _SECTION.split("```python\n")[1:]]


def defined_by(example: str) -> list[Callable[..., None]]:
    """The test functions that a block of the guide defines."""
    names: dict[str, Any] = {}
    exec(compile(example, "docs/guides/testing.md", "exec"), names)
    return [value for name, value in names.items() if name.startswith("test_")]


def test_the_block_is_as_the_guide_shows_it() -> None:
    (test,) = defined_by(EXAMPLES[0])
    test()


def test_the_fixture_is_as_the_guide_shows_it(express: SyncExecutions) -> None:
    (test,) = defined_by(EXAMPLES[1])
    test(express)
    assert "charge" in express.functions
