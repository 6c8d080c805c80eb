"""How many lanes there are, and how they take over from those before."""

import re
from dataclasses import dataclass
from datetime import datetime

import pulumi

from infrastructure.settings.checks import SettingsError, check
from taskline.lanes import lane_names

MAX_LANES = 48  # an alarm watches those of two generations, and CloudWatch composes at most a hundred
MAX_GENERATION = 99
# Of a stack with lanes: `taskline-`, the stack's name, and `-tasks-g99-48of48-pipe` are at most 64 characters.
MAX_STACK_NAME = 33
_TIMED = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
_GUIDE = "docs/guides/operations.md, Change the number of lanes, has the steps"


@dataclass(frozen=True, kw_only=True)
class LaneSettings:
    """`lanes` of this `generation`. Until `since` (RFC 3339), tasks go to the `before` lanes of the last generation,
    which then drain; 0 and empty if there are none.
    """

    lanes: int
    generation: int
    before: int
    since: str

    def __post_init__(self) -> None:
        check(1 <= self.lanes <= MAX_LANES, "lanes", self.lanes, f"1 to {MAX_LANES}")
        check(0 <= self.generation <= MAX_GENERATION, "laneGeneration", self.generation, f"0 to {MAX_GENERATION}")
        check(0 <= self.before <= MAX_LANES, "lanesBefore", self.before, f"1 to {MAX_LANES}, or 0 for none")
        check(
            not self.since or _is_moment(self.since),
            "lanesFrom",
            self.since,
            "a moment with its offset, such as 2026-12-01T12:00:00Z, or empty",
        )
        self._check_change()

    def _check_change(self) -> None:
        if self.before and not self.generation:
            raise SettingsError(
                f"taskline:lanesBefore is {self.before}, and laneGeneration 0 has no generation before it: set "
                f"laneGeneration to one more than it was. {_GUIDE}."
            )
        if self.before and not self.since:
            raise SettingsError(
                f"taskline:lanesBefore is {self.before}, and lanesFrom does not say from when on tasks go to the new "
                f"lanes: set it to a moment after this deployment. {_GUIDE}."
            )
        if self.since and not self.before:
            raise SettingsError(
                f"taskline:lanesFrom is {self.since!r}, and lanesBefore does not say how many lanes there were: set "
                f"it, or remove lanesFrom when the old lanes have drained. {_GUIDE}."
            )

    @property
    def names(self) -> dict[str, list[str]]:
        """The names of the lanes `now`, and of those `before`, without the stack's."""
        before = lane_names(self.generation - 1, self.before) if self.before else ()
        return {"now": [*lane_names(self.generation, self.lanes)], "before": [*before]}

    @property
    def are_plain(self) -> bool:
        """Whether there is only the one lane that every stack starts with."""
        return (self.lanes, self.generation) == (1, 0)


def load_lane_settings(config: pulumi.Config) -> LaneSettings:
    """The current stack's settings; `SettingsError` before any resource exists."""
    settings = LaneSettings(
        lanes=config.require_int("lanes"),
        generation=config.require_int("laneGeneration"),
        before=config.require_int("lanesBefore"),
        since=config.get("lanesFrom") or "",
    )
    stack = pulumi.get_stack()
    if not settings.are_plain and len(stack) > MAX_STACK_NAME:
        raise SettingsError(
            f"The stack name {stack!r} has {len(stack)} characters; with lanes, allowed: at most {MAX_STACK_NAME}. "
            "Queues and pipes are named after it and their lane. Choose another one with: pulumi stack rename ..."
        )
    return settings


def _is_moment(text: str) -> bool:
    if not _TIMED.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
