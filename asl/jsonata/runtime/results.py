"""From the result of an expression to the JSON that Step Functions passes on."""

import math
from typing import Any, Final, cast

from asl.jsonata.runtime.text import number_text
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value

_LONG: Final = 2.0**63


class NotJson(Exception):
    """A result that is or contains a function."""


def to_json(value: Value) -> Value:
    """A result as Step Functions passes it on: `1` for `1.0`, and text for non-finite numbers; raises `NotJson`."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        # Beyond 64 bits, a whole number is a double.
        return value if -(2**63) <= value < 2**63 else _json_number(_double(value))
    if kind is float:
        return _json_number(value)
    if isinstance(value, list):
        return [to_json(item) for item in cast(list[Value], value)]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in cast(dict[str, Value], value).items() if item is not UNDEFINED}
    if isinstance(value, FunctionValue):
        raise NotJson
    return None if value is UNDEFINED else value


def _double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _json_number(value: float) -> int | float | str:
    if not math.isfinite(value):
        return number_text(value)
    return int(value) if value.is_integer() and -_LONG < value < _LONG else value
