"""The versions that the functions of a stage run: what the alias `live` of each names, and the way back to it.

Releases understand each other (decision 0028): the previous release's functions work under the new state machine, so
that moving the aliases back is safe at once, without a deployment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from functions.tasks.intake.lanes import parse_lanes

LIVE: Final = "live"
Versions = Mapping[str, str]


def live_versions(lambdas: Any, functions: Iterable[str]) -> Versions:
    """The version of each function that its alias names. A function that is not there yet is left out."""
    found: dict[str, str] = {}
    for name in functions:
        try:
            found[name] = str(lambdas.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                raise
    return found


class CannotGoBack(Exception):
    """The earlier versions must not run again; the message says why and what to do."""


def move_back(lambdas: Any, wanted: Versions) -> list[str]:
    """Let each alias name its earlier version again. Returns the functions that it had to move.

    `CannotGoBack`, with nothing moved, if one of them would send tasks to the queues of earlier lanes.
    """
    now = live_versions(lambdas, wanted)
    moved = [name for name, version in wanted.items() if name in now and now[name] != version]
    for name in moved:
        sends, sent = (_queues(lambdas, name, version) for version in (now[name], wanted[name]))
        if sends != sent:
            raise CannotGoBack(
                f"{name} sends tasks to {_listed(sends)}, and its earlier version sends to {_listed(sent)}: the tasks "
                "of a key would be in the queues of two generations of lanes, and could overtake each other.\n"
                "  What to do: fix the commit and deploy it. Nothing was moved back."
            )
    for name in moved:
        lambdas.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=wanted[name])
    return moved


def _queues(lambdas: Any, name: str, version: str) -> tuple[str, ...]:
    """The URLs of the queues that a version of a function sends tasks to at present; none if it sends none."""
    configuration = lambdas.get_function_configuration(FunctionName=name, Qualifier=version)
    variables: Mapping[str, str] = configuration.get("Environment", {}).get("Variables", {})
    queues = variables.get("QUEUE_URL")
    return parse_lanes(queues, variables).queues_at(datetime.now(UTC)) if queues else ()


def _listed(queues: Iterable[str]) -> str:
    return ", ".join(url.rpartition("/")[2] for url in queues) or "no queue"


def keep(file: Path, versions: Versions) -> None:
    """Remember versions for `make rollback`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(versions, indent=2) + "\n", encoding="utf-8")


def kept(file: Path) -> Versions | None:
    """What `keep` has written, or None."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
