"""The mutants that no test can kill: a document of them, and what a run has to say about it.

Under the name of each function, `equivalent.md` has diffs, each followed, alone or with others, by one reason.
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
    """Survivors that nobody has explained, and explanations of mutants that did not survive."""

    unexplained: list[Mutant]
    stale: list[Mutant]


def compare(survivors: Iterable[Mutant], explained: Iterable[Explained]) -> Comparison:
    """Each explanation is good for one mutant: of two that look alike, the second one needs its own."""
    survived, known = Counter(survivors), Counter(one.mutant for one in explained)
    return Comparison(unexplained=sorted((survived - known).elements()), stale=sorted((known - survived).elements()))


def read(document: str) -> Iterator[Explained]:
    """The mutants of a document, with their reasons. `ValueError` for one that has none."""
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
