"""Functions of arrays and aggregation."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_undefined, value_of

VALUES = [
    ("$count([1,2])", 2),
    ("$count([])", 0),
    ("$count(5)", 1),
    ("$count($nothing)", 0),
    ("$count(null)", 1),
    ("$append([1],[2,3])", [1, 2, 3]),
    ("$append(1,2)", [1, 2]),
    ("$append($nothing, [1])", [1]),
    ("$append([1], $nothing)", [1]),
    ("$append([], 1)", [1]),
    ("$append([1,2], [[3]])", [1, 2, [3]]),
    ("$append({'a':1}, null)", [{"a": 1}, None]),
    ("$distinct([1,2,1,'1',[1],[1],{'a':1},{'a':1}])", [1, 2, "1", [1], {"a": 1}]),
    ("$distinct(5)", 5),
    ("$distinct([])", []),
    ("$distinct([1])", [1]),
    ("$distinct($data.boats.berth.pier)", ["A", "B"]),
    ("$zip([1,2],[3,4])", [[1, 3], [2, 4]]),
    ("$zip([1,2,3],['a'])", [[1, "a"]]),
    ("$zip([1,2])", [[1], [2]]),
    ("$zip([1,2],$nothing)", []),
    ("$zip(1,2)", [[1, 2]]),
    ("$zip([[1]],[[2]])", [[[1], [2]]]),
    ("$sum([1,2.5])", 3.5),
    ("$sum([])", 0),
    ("$sum(4)", 4),
    ("$max([1,5,2])", 5),
    ("$max(3)", 3),
    ("$min([4,1])", 1),
    ("$average([1,2])", 1.5),
    ("$sum($data.boats.length)", 28.5),
    ("$average($data.boats.length)", 9.5),
    ("$exists($data.boats)", True),
    ("$exists($nothing)", False),
    ("$exists(null)", True),
    ("$count($data.boats.crew)", 3),
]

UNDEFINED = [
    "$append($nothing, $nothing)",
    "$distinct($nothing)",
    "$sum($nothing)",
    "$max([])",
    "$max($nothing)",
    "$min([])",
    "$min($nothing)",
    "$average([])",
    "$average($nothing)",
]

FAILURES = [
    ("$count([1],[2])", 'T0410: Argument 2 of function "count" does not match function signature'),
    ("$sum([1,'a'])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
    ("$sum([null])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
    ("$sum([true])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
    ("$max(['a'])", 'T0412: Argument 1 of function "max" must be an array of "numbers"'),
    ("$average('a')", 'T0412: Argument 1 of function "average" must be an array of "numbers"'),
    ("$exists()", 'T0410: Argument 1 of function "exists" does not match function signature'),
    ("$sum()", 'T0410: Argument 1 of function "sum" does not match function signature'),
    ("$sum([1],[2])", 'T0410: Argument 2 of function "sum" does not match function signature'),
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
