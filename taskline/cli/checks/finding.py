"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands. `skip` is what cannot be checked, because of something before."""

    PASS = "pass"  # noqa: S105 no password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report."""

    check: str
    verdict: Verdict
    detail: str
    remedy: str = ""

    @property
    def failed(self) -> bool:
        """Whether something is wrong."""
        return self.verdict is Verdict.FAIL


def good(check: str, detail: str) -> Finding:
    """It passes."""
    return Finding(check=check, verdict=Verdict.PASS, detail=detail)


def warning(check: str, detail: str, remedy: str) -> Finding:
    """It works, and deserves attention."""
    return Finding(check=check, verdict=Verdict.WARN, detail=detail, remedy=remedy)


def bad(check: str, detail: str, remedy: str) -> Finding:
    """It is wrong."""
    return Finding(check=check, verdict=Verdict.FAIL, detail=detail, remedy=remedy)


def skipped(check: str, why: str) -> Finding:
    """It cannot be checked."""
    return Finding(check=check, verdict=Verdict.SKIP, detail=why)
