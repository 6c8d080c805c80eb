"""The versions that the functions of a stage run: what the alias `live` of each names, and the way back to it.

Releases understand each other (decision 0028): the previous release's functions work under the new state machine, so
that moving the aliases back is safe at once, without a deployment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

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


def move_back(lambdas: Any, wanted: Versions) -> list[str]:
    """Let each alias name its earlier version again. Returns the functions that it had to move."""
    now = live_versions(lambdas, wanted)
    moved = [name for name, version in wanted.items() if name in now and now[name] != version]
    for name in moved:
        lambdas.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=wanted[name])
    return moved


def keep(file: Path, versions: Versions) -> None:
    """Remember versions for `make rollback`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(versions, indent=2) + "\n", encoding="utf-8")


def kept(file: Path) -> Versions | None:
    """What `keep` has written, or None."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
