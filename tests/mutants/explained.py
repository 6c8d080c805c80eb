"""The mutants that no test can kill: reads their document and compares it with the survivors of a run.

Under the name of each function, `equivalent.md` lists diffs. A reason explains all the diffs since the reason before.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.running import Mutant, changed_lines

DOCUMENT = Path(__file__).with_name("equivalent.md")


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A mutant, and why it changes nothing."""

    mutant: Mutant
    reason: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Survivors without an explanation, and explained mutants that did not survive."""

    unexplained: list[Mutant]
    stale: list[Mutant]


def compare(survivors: Iterable[Mutant], explained: Iterable[Explained]) -> Comparison:
    """An explanation counts for one mutant: of two identical mutants, each needs its own."""
    survived, known = Counter(survivors), Counter(one.mutant for one in explained)
    return Comparison(unexplained=sorted((survived - known).elements()), stale=sorted((known - survived).elements()))


def read(document: str) -> Iterator[Explained]:
    """The mutants of a document with their reasons. `ValueError` if one has none."""
    function, waiting = "", list[Mutant]()
    for block in [*re.split(r"\n{2,}", document.strip()), "# The end"]:
        if block.startswith("```diff"):
            waiting.append(Mutant(function=function, diff=changed_lines(block.splitlines())))
        elif not block.startswith("#"):
            yield from (Explained(mutant=mutant, reason=block) for mutant in waiting)
            waiting = []
        elif waiting:
            raise ValueError(f"{function}: no reason is given for\n{waiting[0].diff}")
        else:
            function = block.strip("# `")
