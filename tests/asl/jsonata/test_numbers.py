"""Functions of numbers, and casts."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_undefined, value_of

VALUES = [
    ("$number('5')", 5),
    ("$number('-1.5e2')", -150),
    ("$number('0x1F')", 31),
    ("$number('0b101')", 5),
    ("$number('0o17')", 15),
    ("$number(7)", 7),
    ("$number(true)", 1),
    ("$number(false)", 0),
    ("$floor(1.7)", 1),
    ("$floor(-1.2)", -2),
    ("$ceil(1.2)", 2),
    ("$ceil(-1.7)", -1),
    ("$abs(-3)", 3),
    ("$round(2.5)", 2),
    ("$round(3.5)", 4),
    ("$round(-2.5)", -2),
    ("$round(4.515, 2)", 4.52),
    ("$round(125, -1)", 120),
    ("$round(135, -1)", 140),
    ("$round(1.23456, 3)", 1.235),
    ("$sqrt(9)", 3),
    ("$sqrt(2)", 1.4142135623730951),
    ("$power(2, 10)", 1024),
    ("$power(2, -1)", 0.5),
    ("$formatBase(255, 16)", "ff"),
    ("$formatBase(-5, 2)", "-101"),
    ("$formatBase(10)", "10"),
    ("$formatBase(0, 2)", "0"),
    ("$formatBase(2.5, 10)", "2"),
    ("$formatInteger(1999, 'I')", "MCMXCIX"),
    ("$formatInteger(4, 'i')", "iv"),
    ("$formatInteger(28, 'A')", "AB"),
    ("$formatInteger(28, 'a')", "ab"),
    ("$formatInteger(123, 'w')", "one hundred and twenty-three"),
    ("$formatInteger(123, 'W')", "ONE HUNDRED AND TWENTY-THREE"),
    ("$formatInteger(123, 'Ww')", "One Hundred and Twenty-Three"),
    ("$formatInteger(21, 'w;o')", "twenty-first"),
    ("$formatInteger(21, '1;o')", "21st"),
    ("$formatInteger(12, '000')", "012"),
    ("$formatInteger(1234567, '#,##0')", "1,234,567"),
    ("$formatInteger(-5, '1')", "-5"),
    ("$parseInteger('12', '0')", 12),
    ("$parseInteger('1,234', '#,##0')", 1234),
    ("$parseInteger('MCMXCIX', 'I')", 1999),
    ("$parseInteger('twenty-one', 'w')", 21),
    ("$parseInteger('ab', 'a')", 28),
    ("$boolean(1)", True),
    ("$boolean('')", False),
    ("$boolean('a')", True),
    ("$boolean(null)", False),
    ("$boolean([])", False),
    ("$boolean([0])", False),
    ("$boolean([0,1])", True),
    ("$boolean([[]])", False),
    ("$boolean({})", False),
    ("$boolean({'a':0})", True),
    ("$boolean($sum)", False),
    ("$boolean([null])", False),
    ("$boolean([''])", False),
    ("$not(true)", False),
    ("$not('')", True),
    ("$not([0,0])", True),
    ("$formatNumber(1234.5, '#,##0.00')", "1,234.50"),
    ("$formatNumber(0.126, '0.0%')", "12.6%"),
    ("$formatNumber(0.5, '0‰')", "500‰"),
    ("$formatNumber(-3, '0;(0)')", "(3)"),
    ("$formatNumber(-3, '0')", "-3"),
    ("$formatNumber(1234567, '#,##,##0')", "12,34,567"),
    ("$formatNumber(1234.5678, '00.000e0')", "12.346e2"),
    ("$formatNumber(0.00012, '0.0e0')", "1.2e-4"),
    ("$formatNumber(5, 'x0y')", "x5y"),
    ("$formatNumber(12, '#')", "12"),
    ("$formatNumber(0.5, '#.0')", ".5"),
    ("$formatNumber(0, '#')", "0"),
    ("$formatNumber(0, '#.#')", ".0"),
    ("$formatNumber(1234567.891, '#,###.##,#')", "1,234,567.89,1"),
    ("$formatNumber(12.5, '0,0', {'decimal-separator': ',', 'grouping-separator': '.'})", "12,5"),
    ("$formatNumber(1/0, '0')", "Infinity"),
]

UNDEFINED = [
    "$number($nothing)",
    "'12'.$number()",
    "$floor($nothing)",
    "$ceil($nothing)",
    "$abs($nothing)",
    "$round($nothing)",
    "$sqrt($nothing)",
    "$power($nothing, 2)",
    "$formatBase($nothing, 2)",
    "$formatInteger($nothing, '1')",
    "$parseInteger($nothing, '0')",
    "$boolean($nothing)",
    "$not($nothing)",
    "$formatNumber($nothing, '0')",
]

FAILURES = [
    ("$number('a')", 'D3030: Unable to cast value to a number: "a"'),
    ("$number('')", 'D3030: Unable to cast value to a number: ""'),
    ("$number(' 1')", 'D3030: Unable to cast value to a number: " 1"'),
    ("$number('1e999')", 'D3030: Unable to cast value to a number: "1e999"'),
    ("$number(null)", 'T0410: Argument 1 of function "number" does not match function signature'),
    ("$number([1])", 'T0410: Argument 1 of function "number" does not match function signature'),
    ("$floor('1')", 'T0410: Argument 1 of function "floor" does not match function signature'),
    ("$abs('a')", 'T0410: Argument 1 of function "abs" does not match function signature'),
    ("$round(1, 'a')", 'T0410: Argument 2 of function "round" does not match function signature'),
    ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
    (
        "$power(-8, 0.5)",
        "D3061: The power function has resulted in a value that cannot be represented as a JSON number: "
        "base=-8, exponent=0.5",
    ),
    (
        "$power(10, 999)",
        "D3061: The power function has resulted in a value that cannot be represented as a JSON number: "
        "base=10, exponent=999",
    ),
    (
        "$power(0, -1)",
        "D3061: The power function has resulted in a value that cannot be represented as a JSON number: "
        "base=0, exponent=-1",
    ),
    (
        "$power(2, $nothing)",
        "D3061: The power function has resulted in a value that cannot be represented as a JSON number: "
        "base=2, exponent=undefined",
    ),
    ("$formatBase(1, 1)", "D3100: The radix of the formatBase function must be between 2 and 36.  It was given 1"),
    ("$formatBase(1, 37)", "D3100: The radix of the formatBase function must be between 2 and 36.  It was given 37"),
    (
        "$formatInteger(5, '#')",
        'D3130: Formatting or parsing an integer as a sequence starting with "#" is not supported by '
        "this implementation",
    ),
    (
        "$formatNumber(12.5, '0.0', {'zero-digit': '\u0660'})",
        "D3085: The mantissa part of a sub-picture must contain at least one character that is either "
        "an 'optional digit character' or a member of the 'decimal digit family'",
    ),
    ("$formatNumber(1, '0;0;0')", "D3080: The picture string must only contain a maximum of two sub-pictures"),
    (
        "$formatNumber(1, '0.0.0')",
        "D3081: The sub-picture must not contain more than one instance of the 'decimal-separator' character",
    ),
    (
        "$formatNumber(1, '0%%')",
        "D3082: The sub-picture must not contain more than one instance of the 'percent' character",
    ),
    (
        "$formatNumber(1, '0‰‰')",
        "D3083: The sub-picture must not contain more than one instance of the 'per-mille' character",
    ),
    (
        "$formatNumber(1, '0%‰')",
        "D3084: The sub-picture must not contain both a 'percent' and a 'per-mille' character",
    ),
    (
        "$formatNumber(1, '0a0')",
        "D3086: The sub-picture must not contain a passive character that is preceded by an active "
        "character and that is followed by another active character",
    ),
    (
        "$formatNumber(1, '0,.0')",
        "D3087: The sub-picture must not contain a 'grouping-separator' character that appears adjacent "
        "to a 'decimal-separator' character",
    ),
    (
        "$formatNumber(1, '0,')",
        "D3088: The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
    ),
    (
        "$formatNumber(1, '0,,0')",
        "D3089: The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
    ),
    (
        "$formatNumber(1, '0#')",
        "D3090: The integer part of the sub-picture must not contain a member of the 'decimal digit "
        "family' that is followed by an instance of the 'optional digit character'",
    ),
    (
        "$formatNumber(1, '0.#0')",
        "D3091: The fractional part of the sub-picture must not contain an instance of the 'optional "
        "digit character' that is followed by a member of the 'decimal digit family'",
    ),
    (
        "$formatNumber(1, '0e0e0')",
        "D3093: The exponent part of the sub-picture must comprise only of one or more characters that "
        "are members of the 'decimal digit family'",
    ),
    (
        "$formatNumber(1, '0e0%')",
        "D3092: A sub-picture that contains a 'percent' or 'per-mille' character must not contain a "
        "character treated as an 'exponent-separator'",
    ),
    (
        "$formatNumber(1, '0e')",
        "D3093: The exponent part of the sub-picture must comprise only of one or more characters that "
        "are members of the 'decimal digit family'",
    ),
    ("$formatNumber('a', '0')", 'T0410: Argument 2 of function "formatNumber" does not match function signature'),
    ("$formatNumber(1, 0)", 'T0410: Argument 2 of function "formatNumber" does not match function signature'),
    ("$formatNumber(1, '0', 5)", 'T0410: Argument 3 of function "formatNumber" does not match function signature'),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_an_expression_yields(expression, value):
    assert value_of(expression) == value


@pytest.mark.parametrize("expression", UNDEFINED)
def test_an_expression_yields_nothing(expression):
    assert is_undefined(expression)


@pytest.mark.parametrize(("expression", "text"), FAILURES)
def test_an_expression_fails_with(expression, text):
    assert failure_of(expression) == text
