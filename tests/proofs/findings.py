"""What a tool finds, and what is accepted of it: each acceptance has a reason, and accepts something."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple


class Finding(NamedTuple):
    """A rule of a tool that something breaks."""

    rule: str
    where: str
    says: str = ""

    def __str__(self) -> str:
        return f"{self.rule} {self.where}: {self.says}"


Accepted = Mapping[tuple[str, str], str]
"""The reason, by a rule and a pattern of the places where it may be broken."""


def objections(findings: Iterable[Finding], accepted: Accepted) -> list[str]:
    """The findings that nothing accepts, and the acceptances of what was not found."""
    found = set(findings)
    matching = {entry: {one for one in found if _matches(one, entry)} for entry in accepted}
    unexplained = found.difference(*matching.values())
    idle = [f"accepted, but not found: {' '.join(entry)}" for entry, its in matching.items() if not its]
    silent = [f"accepted without a reason: {' '.join(entry)}" for entry, reason in accepted.items() if not reason]
    return sorted([*map(str, unexplained), *idle, *silent])


def _matches(finding: Finding, entry: tuple[str, str]) -> bool:
    rule, places = entry
    return finding.rule == rule and fnmatchcase(finding.where, places)
