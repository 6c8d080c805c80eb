"""Loads and evaluates the cases in `cases/`, whose README explains the notation."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.jsonata import UNDEFINED, EngineFailed, FunctionValue, JsonataError, compile_expression, to_json
from tests.asl.machines import cause_of, output_of

HERE = Path(__file__).parent
DATA: Any = json.loads((HERE / "data.json").read_text())
OUTCOMES = {"value", "error", "yields", "cause"}
OUTPUT_FIELDS = "output_fields"


@dataclass(frozen=True, kw_only=True)
class Case:
    """An expression and its expected outcome: one key and its value."""

    topic: str
    rule: str
    expression: str
    expected: dict[str, Any]
    input: Any = None

    def __str__(self) -> str:
        return f"{self.topic}: {self.expression}"


def all_cases() -> list[Case]:
    """The cases of all files."""
    return [case for path in sorted((HERE / "cases").glob("*.json")) for case in _cases_in(path)]


def _cases_in(path: Path) -> Iterator[Case]:
    rules: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(), parse_constant=_refuse)
    for rule, rows in rules.items():
        for row in rows:
            expected = {key: value for key, value in row.items() if key in OUTCOMES}
            assert len(expected) == 1, f"{path.name}: {row} must have exactly one of {OUTCOMES}"
            others = {key: value for key, value in row.items() if key not in OUTCOMES}
            yield Case(topic=path.stem, rule=rule, expected=expected, **others)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON; see the README of the cases")


def outcome_of(case: Case) -> dict[str, Any]:
    """The outcome, in the notation of the cases."""
    if case.topic != OUTPUT_FIELDS:
        return _evaluated(case.expression)
    if "cause" not in case.expected:
        return {"value": output_of(case.expression, case.input)}
    opening = f"The JSONata expression '{case.expression}' specified for the field 'Output' "
    cause = cause_of(case.expression, case.input)
    assert cause.startswith(opening)
    return {"cause": cause.removeprefix(opening)}


def _evaluated(expression: str) -> dict[str, Any]:
    try:
        value = compile_expression(expression).with_bindings({"data": copy.deepcopy(DATA)})
    except JsonataError as error:
        return {"error": str(error)}
    except EngineFailed:
        return {"yields": "an engine failure"}
    if value is UNDEFINED:
        return {"yields": "undefined"}
    return {"yields": "a function"} if isinstance(value, FunctionValue) else {"value": to_json(value)}
