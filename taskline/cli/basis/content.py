"""What an option says: the text itself, or what a file or stdin holds, for what is long, or secret."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from taskline.cli.basis.exits import usage

STDIN = ("-", "@-")
EXAMPLE = '{"hello": "world"}'


def content(text: str, option: str) -> str:
    """The text; for `@FILE` what the file holds, and for `-` stdin. `CommandFailed` if that cannot be read."""
    try:
        if text in STDIN:
            return sys.stdin.read()
        return Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
    except OSError as error:
        raise usage(f"{option} {text} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise usage(f"{option} {text} cannot be read: it is not UTF-8.", "Save it as text in UTF-8.") from error


def json_content(text: str, option: str, example: str = EXAMPLE) -> Any:
    """What the JSON of an option stands for. `CommandFailed`, with an example, if it is none."""
    try:
        return json.loads(content(text, option), parse_constant=_refuse)
    except ValueError as error:
        raise usage(f"{option} is not JSON: {error}.", f"Quote it for the shell: {option} '{example}'.") from error


def _refuse(name: str) -> None:
    """Python reads NaN and Infinity, which JSON does not have."""
    raise ValueError(f"it does not have {name}")
