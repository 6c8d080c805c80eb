"""`$formatNumber`, with the picture strings of XPath's `format-number`."""

import math
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import reduce
from math import gcd
from typing import Final

from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.operators import whole
from asl.jsonata.runtime.text import number_text
from asl.jsonata.runtime.values import Value

_DEFAULTS: Final = {
    "decimal-separator": ".",
    "grouping-separator": ",",
    "exponent-separator": "e",
    "infinity": "Infinity",
    "minus-sign": "-",
    "NaN": "NaN",
    "percent": "%",
    "per-mille": "\u2030",
    "zero-digit": "0",
    "digit": "#",
    "pattern-separator": ";",
}


@dataclass(frozen=True, slots=True)
class _Symbols:
    """The characters with a meaning in a picture."""

    point: str
    group: str
    exponent: str
    minus: str
    percent: str
    per_mille: str
    zero: str
    optional: str
    separator: str

    @property
    def digits(self) -> str:
        """The ten digits."""
        return "".join(chr(ord(self.zero) + offset) for offset in range(10))

    @property
    def active(self) -> str:
        """The characters that belong to the number. All others are literal text around it."""
        return self.digits + self.point + self.exponent + self.group + self.optional + self.separator

    def count(self, text: str, optional: bool = False) -> int:
        """The number of digits in the text."""
        return sum(char in self.digits or (optional and char == self.optional) for char in text)


@dataclass(frozen=True, slots=True)
class _Picture:
    """The parts of a sub-picture."""

    text: str
    prefix: str
    suffix: str
    active: str
    mantissa: str
    exponent: str | None
    integer: str
    fraction: str


def format_number(value: float, picture: str, options: dict[str, Value] | None) -> str:
    """The number as the picture lays it out; raises D3080 to D3093 for an invalid picture."""
    given = {**_DEFAULTS, **(options or {})}
    symbols = _Symbols(*(str(given[key]) for key in _SYMBOL_KEYS))
    texts = picture.split(symbols.separator)
    if len(texts) > 2:
        raise JsonataError("D3080")
    pictures = [_parsed(text, symbols) for text in texts]
    for part in pictures:
        _check(part, symbols)
    chosen = pictures[0] if value >= 0 else pictures[-1]
    sign = symbols.minus if value < 0 and len(pictures) == 1 else ""
    return sign + chosen.prefix + _number(value, chosen, symbols) + chosen.suffix


_SYMBOL_KEYS: Final = (
    "decimal-separator",
    "grouping-separator",
    "exponent-separator",
    "minus-sign",
    "percent",
    "per-mille",
    "zero-digit",
    "digit",
    "pattern-separator",
)


def _parsed(text: str, symbols: _Symbols) -> _Picture:
    bounds = [index for index, char in enumerate(text) if char in symbols.active and char != symbols.exponent]
    start, end = (bounds[0], bounds[-1] + 1) if bounds else (0, len(text))
    active, suffix = text[start:end], text[end:]
    split = text.find(symbols.exponent, start)
    has_exponent = split != -1 and split <= end
    mantissa = active[:split] if has_exponent else active
    exponent = active[split + 1 :] if has_exponent else None
    integer, point, fraction = mantissa.partition(symbols.point)
    return _Picture(text, text[:start], suffix, active, mantissa, exponent, integer, fraction if point else suffix)


def _check(part: _Picture, symbols: _Symbols) -> None:
    """Raise the error of the last rule that the picture breaks, as the reference implementation does."""
    broken = [code for code, breaks in _rules(part, symbols) if breaks]
    if broken:
        raise JsonataError(broken[-1])


def _rules(part: _Picture, symbols: _Symbols) -> list[tuple[str, bool]]:
    text, digits = part.text, symbols.digits
    point = text.find(symbols.point)
    around = (text[point - 1 : point] + text[point + 1 : point + 2]) if point != -1 else ""
    scaled = symbols.percent in text or symbols.per_mille in text
    exponent = part.exponent
    before, optional, _ = part.integer.partition(symbols.optional)
    _, last_optional, after = part.fraction.rpartition(symbols.optional)
    return [
        ("D3081", text.count(symbols.point) > 1),
        ("D3082", text.count(symbols.percent) > 1),
        ("D3083", text.count(symbols.per_mille) > 1),
        ("D3084", symbols.percent in text and symbols.per_mille in text),
        ("D3085", symbols.count(part.mantissa, optional=True) == 0),
        ("D3086", any(char not in symbols.active for char in part.active)),
        ("D3087", symbols.group in around),
        ("D3088", point == -1 and part.integer.endswith(symbols.group)),
        ("D3089", symbols.group * 2 in text),
        ("D3090", bool(optional) and symbols.count(before) > 0),
        ("D3091", bool(last_optional) and symbols.count(after) > 0),
        ("D3092", bool(exponent) and scaled),
        ("D3093", exponent is not None and (exponent == "" or any(char not in digits for char in exponent))),
    ]


def _sizes(part: _Picture, symbols: _Symbols) -> tuple[int, int, int]:
    """The minimum of integer digits, and the minimum and maximum of fractional digits."""
    integers, fractions = symbols.count(part.integer), symbols.count(part.fraction)
    most = symbols.count(part.fraction, optional=True)
    if integers == 0 and most == 0:
        if part.exponent is None:
            integers = 1
        else:
            fractions = most = 1
    if part.exponent is not None and integers == 0 and symbols.optional in part.integer:
        integers = 1
    return integers, 1 if integers == 0 and fractions == 0 else fractions, most


def _number(value: float, part: _Picture, symbols: _Symbols) -> str:
    integers, fractions, most = _sizes(part, symbols)
    if not math.isfinite(value):
        return number_text(abs(value))
    scale = 100 if symbols.percent in part.text else 1000 if symbols.per_mille in part.text else 1
    mantissa, exponent = _mantissa(value * scale, symbols.count(part.integer), part.exponent is not None)
    whole_part, fraction = _rounded(mantissa, most)
    whole_part = whole_part.lstrip("0").rjust(integers, "0")
    fraction = fraction.rstrip("0").ljust(fractions, "0")
    text = _grouped(whole_part, part, symbols)
    if symbols.point in part.text and fraction:
        text += symbols.point + _grouped_fraction(fraction, part, symbols)
    if part.exponent is not None:
        power = str(abs(exponent)).rjust(symbols.count(part.exponent), "0")
        text += symbols.exponent + (symbols.minus if exponent < 0 else "") + power
    return "".join(symbols.digits[int(char)] if "0" <= char <= "9" else char for char in text)


def _mantissa(value: float, digits: int, scientific: bool) -> tuple[float, int]:
    exponent = 0
    if scientific and value:
        while value < 10 ** (digits - 1):
            value, exponent = value * 10, exponent - 1
        while value > 10**digits:
            value, exponent = value / 10, exponent + 1
    return value, exponent


def _rounded(value: float, places: int) -> tuple[str, str]:
    exact = Decimal(number_text(whole(value))).quantize(Decimal(1).scaleb(-places), context=Context(prec=800))
    integer, _, fraction = f"{abs(exact):f}".partition(".")
    return integer, fraction


def _positions(text: str, symbols: _Symbols, to_left: bool) -> list[int]:
    """The positions of the separators: the number of digits to the right, or left, of each."""
    indexes = [index for index, char in enumerate(text) if char == symbols.group]
    return [symbols.count(text[:at] if to_left else text[at:], optional=True) for at in indexes]


def _grouped(digits: str, part: _Picture, symbols: _Symbols) -> str:
    positions = _positions(part.integer, symbols, to_left=False)
    if not positions:
        return digits
    every = reduce(gcd, positions)
    if all(every * count in positions for count in range(1, len(positions) + 1)):
        positions = list(range(every, len(digits), every))
    for position in sorted(positions):
        cut = _cut_from_right(digits, position, symbols.group)
        if cut > 0:
            digits = digits[:cut] + symbols.group + digits[cut:]
    return digits


def _cut_from_right(text: str, digits: int, group: str) -> int:
    index = len(text)
    while digits > 0 and index > 0:
        index -= 1
        digits -= text[index] != group
    return index if digits == 0 else 0


def _grouped_fraction(digits: str, part: _Picture, symbols: _Symbols) -> str:
    for position in _positions(part.fraction, symbols, to_left=True):
        digits = digits[:position] + symbols.group + digits[position:]
    return digits
