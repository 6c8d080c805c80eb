"""The service level objectives of a stage: how fast tasks are accepted and started, and how many succeed."""

import re
from dataclasses import dataclass

import pulumi

from infrastructure.settings.checks import check

# Below, the fast alarm could never go off: it needs more failures than there are requests.
LEAST_PERCENT, MOST_PERCENT = 95.0, 99.99


@dataclass(frozen=True, kw_only=True)
class Objectives:
    """`percent` of the tasks are accepted and started within these times, and succeed."""

    percent: float
    accept_milliseconds: int
    start_seconds: int

    def __post_init__(self) -> None:
        accept, start = self.accept_milliseconds, self.start_seconds
        check(100 <= accept <= 28_000, "acceptWithinMilliseconds", accept, "100 to 28000")
        check(1 <= start <= 86_400, "startWithinSeconds", start, "1 to 86400")

    @property
    def budget(self) -> float:
        """The share that may miss the objective."""
        return round(1 - self.percent / 100, 6)


def load_objectives(config: pulumi.Config) -> Objectives:
    """The current stack's objectives; `SettingsError` before any resource exists."""
    percent = config.require("objectivePercent")
    valid = bool(re.fullmatch(r"\d{2}(\.\d{1,2})?", percent)) and LEAST_PERCENT <= float(percent) <= MOST_PERCENT
    check(valid, "objectivePercent", percent, f"{LEAST_PERCENT:g} to {MOST_PERCENT:g}, such as 99.5")
    return Objectives(
        percent=float(percent),
        accept_milliseconds=config.require_int("acceptWithinMilliseconds"),
        start_seconds=config.require_int("startWithinSeconds"),
    )
