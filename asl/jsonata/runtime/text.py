"""Values as text: numbers as ECMAScript writes them, JSON as `JSON.stringify` and `$string` write it."""

import json
import math
import re
from decimal import ROUND_FLOOR, Context
from typing import Final, cast

from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value, is_list, is_number


def number_text(value: int | float) -> str:
    """A number as in ECMAScript: `100000000000000000000`, `1e+21`, `1e-7`, `NaN`."""
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
    """The shortest digits that read back as `value`, and the position of the decimal point relative to their start."""
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
    """A number as `$string` writes it on AWS.

    Whole numbers are written in full. Fractions are rounded down to fifteen digits and laid out as in Java, which
    writes `1e+2`, not `100`, if rounding leaves no fraction.
    """
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
    """JSON text as `JSON.stringify` writes it, or with `rounding` as `$string` does. Undefined is `undefined`."""
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
    """A string as JSON text. `plain` is for `$string`: control characters without a short escape stay unescaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    if not plain or "\\u00" not in quoted:
        return quoted
    # Split at the doubled backslashes, which are characters of the text and start no escape.
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
