"""How far a submission is: a small file beside the file that is submitted, so that it can go on after anything."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.cli.intake.batches import LANES

VERSION = 1
SUFFIX = ".taskline.json"


@dataclass(kw_only=True)
class State:
    """What has been acknowledged: for each lane, its first batches.

    `safe_line` is the last line before which nothing is missing. `rejected_bytes` is how much of the file of refused
    lines belongs to the acknowledged batches, `size` the bytes of the acknowledged lines.
    """

    digest: str
    url: str
    lanes: list[int] = field(default_factory=lambda: [0] * LANES)
    accepted: int = 0
    replayed: int = 0
    refused: int = 0
    read_refused: int = 0
    safe_line: int = 0
    size: int = 0
    rejected_bytes: int = 0
    version: int = VERSION

    def save(self, path: Path) -> None:
        """Replace the file in one step, so that a reader never sees half of it."""
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        partial.replace(path)


def beside(file: Path, suffix: str) -> Path:
    """`tasks.csv` has `tasks.csv.taskline.json` beside it."""
    return file.with_name(f"{file.name}{suffix}")


def load(path: Path, digest: str, url: str, *, start_over: bool) -> State:
    """The state of an earlier run, or a new one.

    `CommandFailed` if it is of another content of the file, or of another stage: going on would mix them.
    """
    found = None if start_over else _read(path)
    if found is None:
        return State(digest=digest, url=url)
    if found.get("url") != url:
        raise _conflict(path, f"The file was partly submitted to {found.get('url')}, and not to {url}.")
    if found.get("digest") != digest or found.get("version") != VERSION:
        raise _conflict(
            path,
            f"The file, or an option, is not what it was when lines up to {found.get('safe_line')} were submitted.",
        )
    return State(**found)


def writable(path: Path) -> None:
    """`CommandFailed` if the state cannot be kept there."""
    if not os.access(path.parent, os.W_OK):
        raise CommandFailed(
            title=f"{path.parent} cannot be written, and the state of the submission is kept there.",
            remedy="Copy the file elsewhere, or pipe it in: `taskline submit - --format csv --run NAME < FILE`.",
        )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        found = {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _conflict(path: Path, title: str) -> CommandFailed:
    return CommandFailed(
        code=ExitCode.NOT_FOUND,
        title=title,
        detail=f"State: {path}",
        remedy="Restore what was, and go on; or submit the whole file as it is now, as new tasks: --start-over.",
    )
