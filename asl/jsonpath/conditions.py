"""The rules of a Choice state in JSONPath mode."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from asl.core.times import parse_timestamp
from asl.jsonata import UNDEFINED, Frame
from asl.jsonpath.errors import PathFailed, RuleError
from asl.jsonpath.path import Path, compile_path

Condition = Callable[[Frame], bool]
_Test = Callable[[Any, Any], bool]

_NOT_COMPARED: Final = {"Next", "Assign", "Comment", "Variable"}
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def compile_condition(rule: Any) -> Condition:
    """Compile a rule; raises `PathError`, or a `RuleError`."""
    data = cast(dict[str, Any], rule)
    if not isinstance(rule, dict):
        raise RuleError("Expected value of type [OBJECT]")
    if "Not" in data:
        inner = compile_condition(data["Not"])
        return lambda frame: not inner(frame)
    for name, combine in (("And", all), ("Or", any)):
        if name in data:
            return _combined(combine, [compile_condition(part) for part in data[name]])
    return _comparison(data)


def _combined(combine: Callable[..., bool], parts: list[Condition]) -> Condition:
    return lambda frame: combine(part(frame) for part in parts)


def _comparison(data: dict[str, Any]) -> Condition:
    names = [name for name in data if name not in _NOT_COMPARED]
    if len(names) != 1:
        raise RuleError("A rule must have exactly one comparison")
    variable, name, operand = compile_path(data.get("Variable")), names[0], data[names[0]]
    if name == "IsPresent":
        return lambda frame: (variable.find(frame) is not UNDEFINED) is operand
    if name in _KINDS:
        kind = _KINDS[name]
        return lambda frame: kind(_read(variable, frame)) is operand
    test = _TESTS.get(name.removesuffix("Path"))
    if test is None:
        raise RuleError(f"'{name}' is not a comparison")
    if name.endswith("Path"):
        other = compile_path(operand)
        return lambda frame: test(_read(variable, frame), _read(other, frame))
    return lambda frame: test(_read(variable, frame), operand)


def _read(path: Path, frame: Frame) -> Any:
    value = path.find(frame)
    if value is UNDEFINED:
        raise PathFailed(f"Invalid path '{path.text}': The choice state's condition path references an invalid value.")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and value == value.upper() and parse_timestamp(value) is not None


_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": _is_number,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": _is_time,
}


def _ordered(accepts: Callable[[Any], bool], order: _Test, measure: Callable[[Any], Any]) -> _Test:
    return lambda left, right: accepts(left) and accepts(right) and order(measure(left), measure(right))


def _is_like(text: Any, pattern: Any) -> bool:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wanted = "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
    return re.fullmatch(wanted, text, re.DOTALL) is not None


def _same(value: Any) -> Any:
    return value


_TESTS: Final[dict[str, _Test]] = {
    "StringMatches": _is_like,
    "BooleanEquals": _ordered(_KINDS["IsBoolean"], operator.eq, _same),
    **{f"String{name}": _ordered(_KINDS["IsString"], order, _same) for name, order in _ORDERS.items()},
    **{f"Numeric{name}": _ordered(_is_number, order, _same) for name, order in _ORDERS.items()},
    **{f"Timestamp{name}": _ordered(_is_time, order, parse_timestamp) for name, order in _ORDERS.items()},
}
