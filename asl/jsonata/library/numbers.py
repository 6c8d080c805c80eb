"""Numeric functions, casts and aggregation."""

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

from jsonata.functions import Functions as LibraryFunctions  # pyright: ignore[reportMissingTypeStubs]
from jsonata.jexception import JException  # pyright: ignore[reportMissingTypeStubs]

from asl.jsonata.library.define import native
from asl.jsonata.library.numberpicture import format_number
from asl.jsonata.runtime.errors import JsonataError, from_library
from asl.jsonata.runtime.operators import whole
from asl.jsonata.runtime.text import number_text
from asl.jsonata.runtime.truth import to_boolean
from asl.jsonata.runtime.values import UNDEFINED, Value, is_number

_LIBRARY: Any = LibraryFunctions
_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_RADIX: Final = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")


def _number(value: Value) -> Value:
    if value is UNDEFINED or is_number(value):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value) and math.isfinite(float(value)):
            return whole(float(value))
        if _RADIX.fullmatch(value):
            return int(value, 0)
    raise JsonataError("D3030", value=value)


def _round(value: Value, precision: Value = UNDEFINED) -> Value:
    if value is UNDEFINED or not math.isfinite(value):
        return value
    places = 0 if precision is UNDEFINED else int(precision)
    # The shortest decimal form is rounded, so that 4.515 becomes 4.52.
    exact = Decimal(number_text(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _CONTEXT)
    return whole(float(exact))


_CONTEXT: Final = Context(prec=800)


def _sqrt(value: Value) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    if value < 0:
        raise JsonataError("D3060", value=value)
    return whole(math.sqrt(value))


def _power(base: Value, exponent: Value = UNDEFINED) -> Value:
    if base is UNDEFINED:
        return UNDEFINED
    try:
        result: Any = math.nan if exponent is UNDEFINED else float(base) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        result = math.inf
    if isinstance(result, complex) or not math.isfinite(result):
        raise JsonataError("D3061", value=base, exp=exponent)
    return whole(result)


def _rounding(function: Any) -> Any:
    def rounded(value: Value) -> Value:
        return value if value is UNDEFINED or not math.isfinite(value) else function(value)

    return rounded


def _sum(numbers: Value) -> Value:
    return UNDEFINED if numbers is UNDEFINED else _total(numbers)


def _total(numbers: list[Any]) -> int | float:
    total = 0.0
    for number in numbers:
        total += number
    return whole(total)


def _average(numbers: Value) -> Value:
    return UNDEFINED if numbers is UNDEFINED or not numbers else whole(_total(numbers) / len(numbers))


def _extreme(function: Any) -> Any:
    def extreme(numbers: Value) -> Value:
        return UNDEFINED if numbers is UNDEFINED or not numbers else function(numbers)

    return extreme


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _format_base(value: Value, radix: Value = UNDEFINED) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    base = 10 if radix is UNDEFINED else int(_round(radix))
    if not 2 <= base <= 36:
        raise JsonataError("D3100", value=base)
    number, digits = int(_round(value)), ""
    sign, number = ("-" if number < 0 else ""), abs(number)
    while number:
        number, rest = divmod(number, base)
        digits = _DIGITS[rest] + digits
    return sign + (digits or "0")


def _borrowed(call: Any) -> Any:
    """A formatting function of `jsonata-python`, with its errors as `JsonataError`."""

    def run(value: Value, *args: Value) -> Value:
        if value is UNDEFINED:
            return UNDEFINED
        try:
            return call(value, *(None if argument is UNDEFINED else argument for argument in args))
        except JException as error:
            raise from_library(error) from error
        except RuntimeError as error:
            raise JsonataError("D3130", value=(args[0] if args else UNDEFINED)) from error

    return run


def _format_number(value: Value, picture: Value = UNDEFINED, options: Value = UNDEFINED) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    return format_number(value, picture, None if options is UNDEFINED else options)


def _parse_integer(text: Value, picture: Value = None) -> Value:
    try:
        parsed = _LIBRARY.parse_integer(text, picture)
    except ValueError:
        parsed = None
    return math.nan if parsed is None else parsed


def _not(value: Value) -> Value:
    return UNDEFINED if value is UNDEFINED else to_boolean(value) is not True


def absolute(value: Value) -> Value:
    """`$abs`."""
    return value if value is UNDEFINED else abs(value)


FUNCTIONS: Final = {
    "number": native(_number, "<(nsb)-:n>"),
    "floor": native(_rounding(math.floor), "<n-:n>"),
    "ceil": native(_rounding(math.ceil), "<n-:n>"),
    "round": native(_round, "<n-n?:n>", 2),
    "abs": native(absolute, "<n-:n>"),
    "sqrt": native(_sqrt, "<n-:n>"),
    "power": native(_power, "<n-n:n>", 2),
    "sum": native(_sum, "<a<n>:n>"),
    "max": native(_extreme(max), "<a<n>:n>"),
    "min": native(_extreme(min), "<a<n>:n>"),
    "average": native(_average, "<a<n>:n>"),
    "boolean": native(to_boolean, "<x-:b>"),
    "not": native(_not, "<x-:b>"),
    "formatBase": native(_format_base, "<n-n?:s>", 2),
    "formatNumber": native(_format_number, "<n-so?:s>", 3),
    "formatInteger": native(_borrowed(_LIBRARY.format_integer), "<n-s:s>", 2),
    "parseInteger": native(_borrowed(_parse_integer), "<s-s:n>", 2),
}
