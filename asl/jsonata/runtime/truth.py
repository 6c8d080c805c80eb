"""Casts and tests that operators and functions share."""

import math
from typing import cast

from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.text import stringify
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value, is_number


def is_numeric(value: Value) -> bool:
    """Whether the value is a number for operators: NaN is not one, and an infinity raises D1001."""
    if not is_number(value):
        return False
    if math.isinf(value):
        raise JsonataError("D1001", value=value)
    return not math.isnan(value)


def are_numbers(value: Value) -> bool:
    """Whether the value is an array of numbers."""
    return isinstance(value, list) and all(map(is_numeric, cast(list[Value], value)))


def are_strings(value: Value) -> bool:
    """Whether the value is an array of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in cast(list[Value], value))


def to_boolean(value: Value) -> Value:
    """The cast of `$boolean`; undefined stays undefined."""
    if value is UNDEFINED or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return any(to_boolean(item) is True for item in cast(list[Value], value))
    if isinstance(value, str | dict):
        return bool(cast(str, value))
    if is_number(value):
        return is_numeric(value) and value != 0
    return False


def truthy(value: Value) -> bool:
    """The cast of conditions: undefined is false and, unlike in `$boolean`, a function is its `truth`."""
    if value is True or value is False:
        return value
    return value.truth if isinstance(value, FunctionValue) else to_boolean(value) is True


def host_truthy(value: Value) -> bool:
    """The truth of ECMAScript, which applies to the results of sort comparators."""
    if value is UNDEFINED or value is None or value is False or value == "":
        return False
    return not is_number(value) or (value != 0 and not math.isnan(value))


def to_text(value: Value, indent: int = 0) -> str:
    """The cast of `$string` for any value but undefined."""
    if isinstance(value, str):
        return value
    if isinstance(value, FunctionValue):
        return ""
    if is_number(value) and not math.isfinite(value):
        raise JsonataError("D3001", value=value)
    return stringify(value, indent, rounding=True)
