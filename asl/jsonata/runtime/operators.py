"""Binary operators."""

import math
import operator
from collections.abc import Callable
from typing import Final, cast

from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import check_size
from asl.jsonata.runtime.ordering import compare_strings
from asl.jsonata.runtime.truth import is_numeric, to_text
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, deep_equal, is_number

Operation = Callable[[Value, Value], Value]


def _divide(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: float, right: float) -> float:
    return math.nan if right == 0 else math.fmod(left, right)


_ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _remainder,
}


def _arithmetic(symbol: str) -> Operation:
    compute = _ARITHMETIC[symbol]

    def run(left: Value, right: Value) -> Value:
        if left is not UNDEFINED and not is_numeric(left):
            raise JsonataError("T2001", value=left)
        if right is not UNDEFINED and not is_numeric(right):
            raise JsonataError("T2002", value=right)
        if left is UNDEFINED or right is UNDEFINED:
            return UNDEFINED
        return whole(compute(float(left), float(right)))

    return run


def whole(value: int | float) -> int | float:
    """A double as an `int` if it is whole, so that it prints and indexes as one."""
    if isinstance(value, int):
        return value
    return int(value) if math.isfinite(value) and value.is_integer() and abs(value) < 2**53 else value


_ORDER: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparison(symbol: str) -> Operation:
    test = _ORDER[symbol]

    def run(left: Value, right: Value) -> Value:
        comparable = [side is UNDEFINED or isinstance(side, str) or is_number(side) for side in (left, right)]
        if not all(comparable):
            raise JsonataError("T2010", value=left if not comparable[0] else right)
        if left is UNDEFINED or right is UNDEFINED:
            return UNDEFINED
        if isinstance(left, str) and isinstance(right, str):
            return test(compare_strings(left, right), 0)
        if isinstance(left, str) or isinstance(right, str):
            raise JsonataError("T2009", value=left, value2=right)
        return test(left, right)

    return run


def _equals(left: Value, right: Value) -> Value:
    return left is not UNDEFINED and right is not UNDEFINED and deep_equal(left, right)


def _differs(left: Value, right: Value) -> Value:
    # If a side is undefined, both `=` and `!=` are false.
    return left is not UNDEFINED and right is not UNDEFINED and not deep_equal(left, right)


def _concatenate(left: Value, right: Value) -> Value:
    text = ("" if left is UNDEFINED else to_text(left)) + ("" if right is UNDEFINED else to_text(right))
    check_size(len(text), 1)
    return text


def _is_integer(value: Value) -> bool:
    return is_number(value) and math.isfinite(value) and float(value).is_integer()


def _range(left: Value, right: Value) -> Value:
    if left is not UNDEFINED and not _is_integer(left):
        raise JsonataError("T2003", value=left)
    if right is not UNDEFINED and not _is_integer(right):
        raise JsonataError("T2004", value=right)
    if left is UNDEFINED or right is UNDEFINED or left > right:
        return UNDEFINED
    size = int(right) - int(left) + 1
    if size > 1e7:
        raise JsonataError("D2014", value=size)
    check_size(size)
    return Sequence(range(int(left), int(right) + 1))


def _includes(left: Value, right: Value) -> Value:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    items = cast(list[Value], right if isinstance(right, list) else [right])
    if isinstance(left, list | dict):
        return any(item is left for item in items)
    return any(deep_equal(item, left) for item in items)


OPERATIONS: Final[dict[str, Operation]] = {
    **{symbol: _arithmetic(symbol) for symbol in _ARITHMETIC},
    **{symbol: _comparison(symbol) for symbol in _ORDER},
    "=": _equals,
    "!=": _differs,
    "&": _concatenate,
    "..": _range,
    "in": _includes,
}
