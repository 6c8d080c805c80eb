"""`make deploy`: `pulumi up`, `make smoke` and a watch of the alarms; if one of them fails, the functions go back."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infrastructure.preview import BUILD
from operations.release.alarms import first_new_alarm, ringing
from operations.release.aliases import CannotGoBack, Versions, keep, kept, live_versions, move_back
from operations.smoke.stack import NoStack, Stack

WATCH_SECONDS: Final = 600
FOLDER: Final = BUILD.parent / "release"
# What a failed deployment leaves: the code of this commit is deployed, and does not run.
WAY_ON: Final = (
    "The functions run their previous versions again, with the state machine, the queues and the API of this commit.\n"
    "  What to do: revert the commit and deploy, or fix it and deploy: the next deployment moves the aliases forward."
)


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What a deployment does with the world: `up` and `smoke` return exit codes, `find` the stack or `NoStack`."""

    up: Callable[[str], int]
    smoke: Callable[[str], int]
    find: Callable[[str], Stack]
    sleep: Callable[[float], None] = time.sleep


def deploy(stage: str, steps: Steps, seconds: float = WATCH_SECONDS, folder: Path = FOLDER) -> int:
    """Deploy a stage. Returns 0 if the release stays, 1 if the functions had to go back or could not be checked."""
    before = _present(stage, steps)
    versions: Versions = {}
    if before:
        versions = live_versions(before.client("lambda"), before.outputs["function_names"])
    rang = _rings(before) if before else set[str]()
    keep(folder / f"{stage}.json", versions)
    if steps.up(stage):
        return _back(steps.find(stage), versions, "`pulumi up` failed.") if versions else 1
    after = steps.find(stage)
    if (status := steps.smoke(stage)) == 1:
        return _back(after, versions, "`make smoke` found what differs.")
    if status:
        print("`make smoke` could check nothing, so it is not known whether this release works.", file=sys.stderr)
        return 1
    if new := first_new_alarm(lambda: _rings(after), rang, seconds, steps.sleep):
        return _back(after, versions, f"The alarm went off: {', '.join(sorted(new))}.")
    print(f"Stage {stage} is deployed, and no alarm went off within {seconds / 60:g} minutes.")
    return 0


def rollback(stage: str, steps: Steps, folder: Path = FOLDER) -> int:
    """Let the functions of a stage run what they ran before the last `make deploy` from this checkout."""
    versions = kept(folder / f"{stage}.json")
    if not versions:
        print(
            f"It is not known what stage {stage} ran before: {folder / f'{stage}.json'} is missing or empty.\n"
            "  What to do: deploy the commit that you want back.",
            file=sys.stderr,
        )
        return 1
    try:
        moved = move_back(steps.find(stage).client("lambda"), versions)
    except CannotGoBack as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Moved back: {', '.join(moved)}.\n{WAY_ON}" if moved else "Every function runs that version already.")
    return 0


def _present(stage: str, steps: Steps) -> Stack | None:
    try:
        return steps.find(stage)
    except NoStack:
        return None  # the first deployment has nothing to go back to


def _rings(stack: Stack) -> set[str]:
    outputs: Mapping[str, Any] = stack.outputs
    return ringing(stack.client("cloudwatch"), stack.prefix, outputs["alerts_topic_arn"])


def _back(stack: Stack, versions: Versions, reason: str) -> int:
    try:
        moved = move_back(stack.client("lambda"), versions)
    except CannotGoBack as error:
        print(f"{reason} {error}", file=sys.stderr)
        return 1
    done = f"Moved back: {', '.join(moved)}.\n{WAY_ON}" if moved else "No function had changed."
    print(f"{reason} {done}", file=sys.stderr)
    return 1
