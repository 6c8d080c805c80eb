"""Loads the definitions of the two state machines and fills in what only a deployment knows.

`task.asl.json` is the Express machine, which every task passes. Tasks that take longer than it may are handed over to
a Standard machine that does the same, but for what `long.asl.json` changes.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

DEFINITION_FILE = Path(__file__).with_name("task.asl.json")
CHANGES_FILE = Path(__file__).with_name("long.asl.json")
LIKE = "Like"
"""A new state of `long.asl.json` names the one that it is like; the rest is what it has of its own."""
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")

Object = dict[str, Any]


class DefinitionError(ValueError):
    """The definition and the values for its placeholders do not match."""


def load_definition(values: Mapping[str, str | int]) -> Object:
    """The definition of the Express machine with every `${Placeholder}` replaced.

    A string that is exactly one placeholder becomes the value with its type, so that a number stays a number.
    Elsewhere the value is inserted into the text. `DefinitionError` names placeholders without a value and values
    without a placeholder.
    """
    return _filled(raw_definition(), values, DEFINITION_FILE)


def load_long_definition(values: Mapping[str, str | int]) -> Object:
    """The definition of the Standard machine, likewise."""
    return _filled(raw_long_definition(), values, CHANGES_FILE)


def raw_definition() -> Object:
    """The definition of the Express machine as it is in the file, with its placeholders."""
    return json.loads(DEFINITION_FILE.read_text())


def raw_long_definition() -> Object:
    """The definition of the Standard machine, with its placeholders.

    The changes are a JSON merge patch (RFC 7396): what is null is removed. Nothing leads to a removed state.
    """
    base, changes = raw_definition(), json.loads(CHANGES_FILE.read_text())
    for name, state in changes["States"].items():
        if state and LIKE in state:
            base["States"][name] = _merged(base["States"][state.pop(LIKE)], {})
    definition = _merged(base, changes)
    states = {name: _without_removed(state, definition["States"]) for name, state in definition["States"].items()}
    return {**definition, "States": states}


def _merged(base: Object, patch: Object) -> Object:
    merged = {**base}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            below = merged.get(name)
            merged[name] = _merged(cast(Object, below) if isinstance(below, dict) else {}, cast(Object, value))
        else:
            merged[name] = value
    return merged


def _without_removed(state: Object, states: Object) -> Object:
    """The state without the rules that lead to states that are gone."""
    rules = {field: [rule for rule in state[field] if rule["Next"] in states] for field in _RULES if field in state}
    return {**state, **rules}


_RULES = ("Choices", "Catch")


def _filled(template: Object, values: Mapping[str, str | int], file: Path) -> Object:
    wanted = set(_PLACEHOLDER.findall(json.dumps(template)))
    if missing := sorted(wanted - values.keys()):
        raise DefinitionError(f"{file.name} needs a value for {', '.join(missing)}")
    if unused := sorted(values.keys() - wanted):
        raise DefinitionError(f"{file.name} has no placeholder {', '.join(unused)}")
    return _fill(template, values)


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
