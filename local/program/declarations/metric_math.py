"""Metric math, as far as alarms of the program use it: numbers, ids, + - * /, comparisons, FILL and IF.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. What is not understood is an
error when the alarm is declared, and never ignored.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.host.errors import LaptopError

Values = Mapping[str, float | None]


def _divide(one: float, other: float) -> float:
    """Python's own is not typed well enough."""
    return one / other


_OPERATORS: Final[Mapping[type[ast.AST], Callable[[float, float], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
}


def check_expression(expression: str, ids: set[str]) -> None:
    """Raise `LaptopError` for what is not understood."""
    try:
        _value(ast.parse(expression, mode="eval").body, dict.fromkeys(ids, 1.0))
    except (SyntaxError, KeyError, TypeError, ValueError) as error:
        raise LaptopError(
            f"The laptop edition does not understand the metric math `{expression}`: {error}.",
            "Support it in local/program/declarations/metric_math.py, or write it another way.",
        ) from error
    except ZeroDivisionError:
        return


def evaluate(expression: str, values: Values) -> float | None:
    """The value for one period; None without data. `values` are the statistics of that period, None for no data."""
    try:
        return _value(ast.parse(expression, mode="eval").body, values)
    except ZeroDivisionError:
        return None  # CloudWatch leaves such a period out, too


def _value(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(op, left, right, values)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _binary(op, left, right, values)
        case ast.Call(func=ast.Name(id="FILL"), args=[series, other]):
            filled = _value(series, values)
            return _value(other, values) if filled is None else filled
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            decided = _value(condition, values)
            return None if decided is None else _value(then if decided else otherwise, values)
        case _:
            raise ValueError(ast.unparse(node))


def _binary(op: ast.AST, left: ast.expr, right: ast.expr, values: Values) -> float | None:
    if type(op) not in _OPERATORS:
        raise ValueError(type(op).__name__)
    one, other = _value(left, values), _value(right, values)
    return None if one is None or other is None else float(_OPERATORS[type(op)](one, other))
