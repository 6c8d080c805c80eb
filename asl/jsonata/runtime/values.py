"""The values of JSONata: what JSON has, and undefined, sequences, tuples and functions besides."""

import json
import math
import re
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Context
from typing import Any, Final, TypeAlias, TypeGuard, cast

Value: TypeAlias = Any
"""A JSON value, `UNDEFINED`, a `Sequence`, or a `FunctionValue`. Python's type system cannot say more and stay
readable."""


class Undefined:
    """The absence of a value; `None` is JSON's null, which is a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class Sequence(list[Value]):
    """A result sequence: of one element it stands for that element, of none it stands for undefined."""

    __slots__ = ("keep_singleton", "outer_wrapper", "tuples")

    def __init__(self, items: Iterable[Value] = ()) -> None:
        super().__init__(items)
        self.keep_singleton = False
        self.tuples = False
        self.outer_wrapper = False


class Constructed(list[Value]):
    """An array from an explicit constructor at an end of a path; it is not flattened into the sequence around
    it."""

    __slots__ = ()


class FunctionValue:
    """Anything that can be applied. `arity` decides how many arguments a higher-order function passes."""

    __slots__ = ("arity",)
    arity: int
    truth = True
    """What it counts as in a condition."""

    def invoke(self, args: list[Value], context: Value, env: Any) -> Value:
        """Apply it; `context` stands in for a first argument left out where the signature says so."""
        raise NotImplementedError


def is_list(value: Value) -> TypeGuard[list[Value]]:
    """Whether the value is an array, a sequence included."""
    return isinstance(value, list)


def is_object(value: Value) -> TypeGuard[dict[str, Value]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether the value is of the type number, the non-finite ones included."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    return kind is int or kind is float


def settle(value: Value, keep: bool = False) -> Value:
    """What a sequence stands for once its expression is done: nothing, its one element, or itself."""
    if type(value) is Sequence and not value.tuples:
        if keep:
            value.keep_singleton = True
        if not value:
            return UNDEFINED
        if len(value) == 1 and not value.keep_singleton:
            return value[0]
    return value


def append(left: Value, right: Value) -> Value:
    """Concatenation as `$append` does it: undefined is neutral and a lone value counts as one element."""
    if left is UNDEFINED:
        return right
    if right is UNDEFINED:
        return left
    items = cast(list[Value], left if isinstance(left, list) else [left])
    more = cast(list[Value], right if isinstance(right, list) else [right])
    # A concatenation is an array of its own, never a sequence, even where its parts were.
    return [*items, *more]


def deep_equal(left: Value, right: Value) -> bool:
    """JSONata's `=`: by value, with `true` and `1` apart and all numbers compared as doubles."""
    if is_number(left):
        return is_number(right) and left == right
    if isinstance(left, list) and isinstance(right, list):
        ours, theirs = cast(list[Value], left), cast(list[Value], right)
        return len(ours) == len(theirs) and all(map(deep_equal, ours, theirs))
    if isinstance(left, dict) and isinstance(right, dict):
        mine, other = cast(dict[str, Value], left), cast(dict[str, Value], right)
        return mine.keys() == other.keys() and all(deep_equal(item, other[key]) for key, item in mine.items())
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return False
    return type(left) is type(right) and left == right


def compare_strings(left: str, right: str) -> int:
    """The order of two strings by UTF-16 code units, as the reference implementation has it."""
    if left == right:
        return 0
    if left.isascii() and right.isascii():
        return -1 if left < right else 1
    ours, theirs = left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass")
    return -1 if ours < theirs else 1


def number_text(value: int | float) -> str:
    """A number as ECMAScript writes it: `100000000000000000000`, `1e+21`, `1e-7`, `NaN`."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**21 else number_text(float(value))
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if not value:
        return "0"
    sign = "-" if value < 0 else ""
    digits, exponent = _shortest_digits(abs(value))
    return sign + _lay_out(digits, exponent)


def _shortest_digits(value: float) -> tuple[str, int]:
    """The shortest digits that read back as `value`, and the place of the decimal point relative to their
    start."""
    mantissa, _, power = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    point = len(whole) + int(power or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return stripped.rstrip("0") or "0", point


def _lay_out(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    mantissa = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{'+' if power >= 0 else '-'}{abs(power)}"


_FIFTEEN: Final = Context(prec=15, rounding=ROUND_FLOOR)


def _string_text(value: float) -> str:
    """A number as `$string` writes it on AWS: whole ones in full, fractions rounded down to fifteen digits and
    laid out as Java does, which prefers `1e+2` to `100` where rounding leaves no fraction."""
    if not math.isfinite(value) or value == int(value):
        return number_text(value)
    rounded = _FIFTEEN.create_decimal(repr(value)).normalize()
    sign, digits, exponent = rounded.as_tuple()
    power = rounded.adjusted()
    if exponent <= 0 and power >= -6:  # type: ignore[operator]
        return f"{rounded:f}"
    text = "".join(map(str, digits))
    mantissa = text if len(text) == 1 else f"{text[0]}.{text[1:]}"
    return f"{'-' if sign else ''}{mantissa}e{'+' if power >= 0 else '-'}{abs(power)}"


def stringify(value: Value, indent: int = 0, rounding: bool = False, level: int = 0) -> str:
    """JSON text as `JSON.stringify` writes it; `rounding` is what `$string` adds. Undefined gives
    `undefined`."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, str):
        return _quoted(value, rounding)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if is_number(value):
        if not math.isfinite(value):
            return "null"
        return _string_text(value) if rounding and isinstance(value, float) else number_text(value)
    if isinstance(value, FunctionValue):
        return '""' if rounding else "undefined"
    return _stringify_container(value, indent, rounding, level + 1)


_CONTROL: Final = re.compile(r"\\u00([01][0-9a-f])")


def _quoted(text: str, plain: bool) -> str:
    """A string as JSON text. `$string` leaves control characters as they are where no short escape exists."""
    quoted = json.dumps(text, ensure_ascii=False)
    if not plain or "\\u00" not in quoted:
        return quoted
    # A backslash of the text itself is doubled: it must not be taken for the start of an escape.
    parts = quoted.split("\\\\")
    return "\\\\".join(_CONTROL.sub(lambda found: chr(int(found[1], 16)), part) for part in parts)


def _stringify_container(value: Value, indent: int, rounding: bool, level: int) -> str:
    gap, colon = ("", ":") if not indent else ("\n" + " " * (indent * level), ": ")
    close = gap[: len(gap) - indent] if indent else ""
    if is_list(value):
        parts = [stringify(None if item is UNDEFINED else item, indent, rounding, level) for item in value]
        return "[]" if not parts else f"[{gap}{(',' + gap).join(parts)}{close}]"
    members = [
        f"{_quoted(key, rounding)}{colon}{stringify(item, indent, rounding, level)}"
        for key, item in cast(dict[str, Value], value).items()
        if item is not UNDEFINED
    ]
    return "{}" if not members else f"{{{gap}{(',' + gap).join(members)}{close}}}"


_LONG = 2.0**63


class NotJson(Exception):
    """A result that holds a function, at whatever depth."""


def to_json(value: Value) -> Value:
    """A result as Step Functions hands it on: plain JSON, `1` for `1.0`, and names for the non-finite
    numbers; raises `NotJson`."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        # Beyond 64 bits a whole number is read as a double.
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
