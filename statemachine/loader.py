"""Loads the state machine's definition and fills in what only a deployment knows."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFINITION_FILE = Path(__file__).with_name("task.asl.json")
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class DefinitionError(ValueError):
    """The definition and the values for its placeholders do not match."""


def load_definition(values: Mapping[str, str | int]) -> dict[str, Any]:
    """The definition with every `${Placeholder}` replaced.

    A string that is exactly one placeholder becomes the value with its type, so that a number stays a number.
    Elsewhere the value is inserted into the text. `DefinitionError` names placeholders without a value and values
    without a placeholder.
    """
    template = raw_definition()
    wanted = set(_PLACEHOLDER.findall(json.dumps(template)))
    if missing := sorted(wanted - values.keys()):
        raise DefinitionError(f"{DEFINITION_FILE.name} needs a value for {', '.join(missing)}")
    if unused := sorted(values.keys() - wanted):
        raise DefinitionError(f"{DEFINITION_FILE.name} has no placeholder {', '.join(unused)}")
    return _fill(template, values)


def raw_definition() -> dict[str, Any]:
    """The definition as it is in the file, with its placeholders."""
    return json.loads(DEFINITION_FILE.read_text())


def _fill(value: Any, values: Mapping[str, str | int]) -> Any:
    if isinstance(value, dict):
        return {name: _fill(child, values) for name, child in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_fill(child, values) for child in value]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, str):
        return value
    if whole := _PLACEHOLDER.fullmatch(value):
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), value)
