"""The command line that does what a page shows, and the same as curl, to be copied into a shell."""

from __future__ import annotations

import shlex
from typing import Any, Final

from taskline.console.basis.stage import Stage

# Where the command line calls something differently from the API.
NAMES: Final = {"ordering_key": "key"}


def command(stage: Stage, *words: str, **options: Any) -> str:
    """`taskline list --status failed`; a stage that is not the laptop's is named. Empty options are left out."""
    parts = ["taskline", *(shlex.quote(word) for word in words)]
    if not stage.is_laptop:
        parts += ["--stage", shlex.quote(stage.name)]
    for name, value in options.items():
        if value not in (None, "", False):
            parts += [
                f"--{NAMES.get(name, name).replace('_', '-')}",
                *([] if value is True else [shlex.quote(str(value))]),
            ]
    return " ".join(parts)


def curl(stage: Stage, method: str, path: str) -> str:
    """The same request with curl; a deployed stage wants credentials, which are named and never shown."""
    verb = "" if method == "GET" else f" -X {method}"
    needed = "" if stage.is_laptop else ' -H "x-api-key: $KEY"'
    return f"curl -s{verb} {shlex.quote(stage.url + path)}{needed}"
