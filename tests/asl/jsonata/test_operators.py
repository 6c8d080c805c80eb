"""Operators, conditions, blocks and constructors."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_undefined, value_of

VALUES = [
    ("1 + 2 * 3 - 4 / 8", 6.5),
    ("(1 + 2) * 3", 9),
    ("7 % 4", 3),
    ("-7 % 4", -3),
    ("7.5 % 2", 1.5),
    ("-(3)", -3),
    ("--3", 3),
    ("1e308 * 10", "Infinity"),
    ("0.1 * 3", 0.30000000000000004),
    ("5 % 0", "NaN"),
    ("0 / 0", "NaN"),
    ("1 / 0 > 1", True),
    ("9007199254740993 + 0", 9007199254740992),
    ("1 < 2", True),
    ("2 <= 2", True),
    ("2 > 3", False),
    ("3 >= 3", True),
    ("'a' < 'b'", True),
    ("'b' <= 'a'", False),
    ("'Z' < 'a'", True),
    ("'é' > 'z'", True),
    ("1 = 1.0", True),
    ("1 = '1'", False),
    ("1 = true", False),
    ("null = null", True),
    ("null = 0", False),
    ("[1,2] = [1,2]", True),
    ("[1,2] = [2,1]", False),
    ("{'a':1,'b':[2]} = {'b':[2],'a':1}", True),
    ("{'a':1} = {'a':2}", False),
    ("{'a':1} = {'b':1}", False),
    ("[1] = 1", False),
    ("$data.boats[0] = $data.boats[0]", True),
    ("$nothing = $nothing", False),
    ("$nothing != 1", False),
    ("1 != 2", True),
    ("'a' != 'a'", False),
    ("[1] != [2]", True),
    ("'a' & 'b' & 3", "ab3"),
    ("'a' & null", "anull"),
    ("'a' & [1,'x'] & {'k': true}", 'a[1,"x"]{"k":true}'),
    ("$nothing & $nothing", ""),
    ("1 & 2", "12"),
    ("true & $nothing", "true"),
    ("'x' & 0.5", "x0.5"),
    ("1 in [1,2]", True),
    ("'a' in ['b','c']", False),
    ("'a' in 'a'", True),
    ("'a' in 'abc'", False),
    ("1 in $nothing", False),
    ("$nothing in [1]", False),
    ("null in [null]", True),
    ("[1] in [[1]]", False),
    ("true and false", False),
    ("true and 1", True),
    ("'' or 'x'", True),
    ("$nothing or 0", False),
    ("$nothing and true", False),
    ("[] or {}", False),
    ("[0] or false", False),
    ("[0,1] and {'a':1}", True),
    ("[[0]] or [null]", False),
    ("null or $sum", True),
    ("false and $error('never')", False),
    ("true or $error('never')", True),
    ("[1..4]", [1, 2, 3, 4]),
    ("[-1..1]", [-1, 0, 1]),
    ("[3..1]", []),
    ("[1..1]", [1]),
    ("[1, 3..5, 9]", [1, 3, 4, 5, 9]),
    ("[$nothing..3]", []),
    ("[1..$nothing]", []),
    ("$data.open ? 'yes' : 'no'", "yes"),
    ("$nothing ? 'yes' : 'no'", "no"),
    ("$data.empty ? 1 : 2", 2),
    ("0 ? 1 : '' ? 2 : 3", 3),
    ("($a := 1; $a := $a + 1; $a)", 2),
    ("($a := 1; ($a := 2; $a) + $a)", 3),
    ("($a := $b := 4; $a + $b)", 8),
    ("{'a': 1, 'b': $nothing, 'c': null}", {"a": 1, "c": None}),
    ("{'a' & 'b': 1}", {"ab": 1}),
    ("{$nothing: 2}", {}),
    ("[1,2]{'k': $}", {"k": [1, 2]}),
    ("'a\\tb\\u0041\\\"'", 'a\tbA"'),
    ('"it\'s"', "it's"),
    ("/* note */ 5", 5),
    ("true", True),
    ("1.5e3", 1500),
]

UNDEFINED = [
    "-$nothing",
    "5 - $nothing",
    "1 < $nothing",
    "$nothing >= 'a'",
    "false ? 1",
    "$nothing.x",
    "`x`",
]

FAILURES = [
    ("-$data.name", 'D1002: Cannot negate a non-numeric value: "Quayside"'),
    ("-null", "D1002: Cannot negate a non-numeric value: null"),
    ("$nothing * 'a'", 'T2002: The right side of the "*" operator must evaluate to a number'),
    ("'a' - 1", 'T2001: The left side of the "-" operator must evaluate to a number'),
    ("1 - 'a'", 'T2002: The right side of the "-" operator must evaluate to a number'),
    ("true + 1", 'T2001: The left side of the "+" operator must evaluate to a number'),
    ("1 + null", 'T2002: The right side of the "+" operator must evaluate to a number'),
    ("[1] + 1", 'T2001: The left side of the "+" operator must evaluate to a number'),
    ("{} * 2", 'T2001: The left side of the "*" operator must evaluate to a number'),
    ("1 < '2'", 'T2009: The values 1 and "2" either side of operator "<" must be of the same data type'),
    ("'a' >= 1", 'T2009: The values "a" and 1 either side of operator ">=" must be of the same data type'),
    ("true < false", 'T2010: The expressions either side of operator "<" must evaluate to numeric or string values'),
    ("null > 1", 'T2010: The expressions either side of operator ">" must evaluate to numeric or string values'),
    ("[1] < 2", 'T2010: The expressions either side of operator "<" must evaluate to numeric or string values'),
    ("1 <= {}", 'T2010: The expressions either side of operator "<=" must evaluate to numeric or string values'),
    (
        "$nothing < true",
        'T2010: The expressions either side of operator "<" must evaluate to numeric or string values',
    ),
    ("true and 1 + 'a'", 'T2002: The right side of the "and" operator must evaluate to a number'),
    ("1 + 'a' or true", 'T2002: The right side of the "+" operator must evaluate to a number'),
    ("[1.5..3]", "T2003: The left side of the range operator (..) must evaluate to an integer"),
    ("[1..'3']", "T2004: The right side of the range operator (..) must evaluate to an integer"),
    ("['1'..3]", "T2003: The left side of the range operator (..) must evaluate to an integer"),
    (
        "[0..10000001]",
        "D2014: The size of the sequence allocated by the range operator (..) must not exceed 1e6.  "
        "Attempted to allocate 10000002.",
    ),
    ("{1: 2}", "T1003: Key in object structure must evaluate to a string; got: 1"),
    ("{null: 2}", "T1003: Key in object structure must evaluate to a string; got: null"),
    ("{'a': 1, 'a': 2}", 'D1009: Multiple key definitions evaluate to same key: "a"'),
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
