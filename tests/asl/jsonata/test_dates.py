"""Functions of dates."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_undefined, value_of

VALUES = [
    ("$fromMillis(1700000000123)", "2023-11-14T22:13:20.123Z"),
    ("$fromMillis(-1)", "1969-12-31T23:59:59.999Z"),
    ("$fromMillis(1700000000123, '[Y0001]-[M01]-[D01]')", "2023-11-14"),
    ("$fromMillis(1700000000123, '[H01]:[m01]:[s01].[f001]')", "22:13:20.123"),
    ("$fromMillis(1700000000123, '[D1o] [MNn] [Y]')", "14th November 2023"),
    ("$fromMillis(1700000000123, '[FNn,*-3], [D] [MNn,3-3]')", "Tue, 14 Nov"),
    ("$fromMillis(1700000000123, '[h]:[m01] [P]')", "10:13 pm"),
    ("$fromMillis(1700000000123, '[h#1]:[m] [PN]')", "10:13 PM"),
    ("$fromMillis(1700000000123, '[Y,*-2]')", "23"),
    ("$fromMillis(1700000000123, '[d] [W] [w] [X]')", "318 46 3 2023"),
    ("$fromMillis(1700000000123, '[Dw] [MI] [YI]')", "fourteen XI MMXXIII"),
    ("$fromMillis(1700000000123, '[[x]] [Y]')", "[x] 2023"),
    ("$fromMillis(1700000000123, '[H01]:[m01][Z]', '+0200')", "00:13+02:00"),
    ("$fromMillis(1700000000123, '[Z01:01t]')", "Z"),
    ("$fromMillis(1700000000123, '[C] [E]')", "ISO ISO"),
    ("$fromMillis(1700000000123, $nothing, '+0100')", "2023-11-14T23:13:20.123+01:00"),
    ("$toMillis('2023-11-14T22:13:20.123Z')", 1700000000123),
    ("$toMillis('2023-11-14T22:13:20Z')", 1700000000000),
    ("$toMillis('2023-11-14')", 1699920000000),
    ("$toMillis('2023-11')", 1698796800000),
    ("$toMillis('2023')", 1672531200000),
    ("$toMillis('2023-11-14T22:13:20+02:00')", 1699992800000),
    ("$toMillis('2023-11-14T22:13:20-0330')", 1700012600000),
    ("$toMillis('2023-11-14T22:13:20.1Z')", 1700000000100),
    ("$toMillis('2023-13-14')", "NaN"),
    ("$toMillis('14/11/2023', '[D]/[M]/[Y]')", 1699920000000),
    ("$toMillis('14 November 2023', '[D] [MNn] [Y]')", 1699920000000),
    ("$toMillis('2023-11-14 10:13 pm', '[Y]-[M]-[D] [h]:[m] [P]')", 1699999980000),
    ("$toMillis('2023-318', '[Y]-[d]')", 1699920000000),
    ("$length($now()) = 24", True),
    ("$type($millis())", "number"),
]

UNDEFINED = [
    "$fromMillis($nothing)",
    "$fromMillis('a')",
    "$toMillis($nothing)",
    "$toMillis('nonsense', '[Y]-[M]')",
    "$toMillis('2023-W02', '[X]-[W]')",
    "$millis() > $nothing",
]

FAILURES = [
    ("$fromMillis(1700000000123, '[Y')", "D3135: No matching closing bracket ']' in date/time picture string"),
    ("$fromMillis(1700000000123, '[q]')", 'D3132: Unknown component specifier "q" in date/time picture string'),
    (
        "$toMillis('tomorrow')",
        'D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "tomorrow"',
    ),
    ("$toMillis(5)", 'T0410: Argument 1 of function "toMillis" does not match function signature'),
    (
        "$toMillis('12:30', '[H]:[x]')",
        "D3136: The date/time picture string is missing specifiers required to parse the timestamp",
    ),
    ("$now('[Y') = 1", "D3135: No matching closing bracket ']' in date/time picture string"),
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
