"""Sorting and the order of arrays."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_undefined, value_of

VALUES = [
    ("$data.tides^($)", [1, 2, 3]),
    ("$data.tides^(>$)", [3, 2, 1]),
    ("$data.boats^(length).name", ["Wren", "Gull", "Kite"]),
    ("$data.boats^(>length).name", ["Kite", "Gull", "Wren"]),
    ("$data.boats^(berth.pier, >berth.no).name", ["Wren", "Gull", "Kite"]),
    ("$data.boats^(<berth.pier, berth.no).name", ["Gull", "Wren", "Kite"]),
    ("$data.boats^(berth.pier).name", ["Wren", "Gull", "Kite"]),
    ("$data.boats^(name)[0].name", "Gull"),
    ("$data.boats^($length(name), name).name", ["Gull", "Kite", "Wren"]),
    ("$data.name^($)", "Quayside"),
    ("[1]^($)", 1),
    ("['b','a','C']^($)", ["C", "a", "b"]),
    ("[{'a':2},{'b':0},{'a':1}]^(a)", [{"a": 1}, {"a": 2}, {"b": 0}]),
    ("[{'b':1},{'b':2}]^(a).b", [1, 2]),
    ("$sort([3,1,2])", [1, 2, 3]),
    ("$sort(['b','a'])", ["a", "b"]),
    ("$sort([3,1,2], function($a, $b) { $a < $b })", [3, 2, 1]),
    ("$sort($data.boats, function($a, $b) { $a.length > $b.length }).name", ["Wren", "Gull", "Kite"]),
    ("$sort([])", []),
    ("$sort([1])", [1]),
    ("$sort(5)", [5]),
    ("$sort([3,1,2], function($a, $b) { 1 })", [2, 1, 3]),
    ("$sort([3,1,2], function($a, $b) { $nothing })", [3, 1, 2]),
    ("$reverse([1,2,3])", [3, 2, 1]),
    ("$reverse([1])", [1]),
    ("$reverse(1)", [1]),
    ("$reverse([])", []),
    ("$count($shuffle([1,2,3,4]))", 4),
    ("$sort($shuffle([1,2,3,4]))", [1, 2, 3, 4]),
    ("$shuffle([1])", [1]),
    ("$data.boats[berth.pier='A']^(no, >length).name", ["Gull", "Wren"]),
    ("$data.boats.berth^(no, pier).pier", ["A", "B", "A"]),
]

UNDEFINED = [
    "$nothing^($)",
    "[]^($)",
    "$sort($nothing)",
    "$reverse($nothing)",
    "$shuffle($nothing)",
]

FAILURES = [
    ("[{'a':2},{'a':'x'}]^(a)", 'T2007: Type mismatch when comparing values 2 and "x" in order-by clause'),
    (
        "[{'a':true},{'a':false}]^(a)",
        "T2008: The expressions within an order-by clause must evaluate to numeric or string values",
    ),
    (
        "[{'a':null},{'a':1}]^(a)",
        "T2008: The expressions within an order-by clause must evaluate to numeric or string values",
    ),
    (
        "[{'a':[1]},{'a':[2]}]^(a)",
        "T2008: The expressions within an order-by clause must evaluate to numeric or string values",
    ),
    (
        "$sort([1,'a'])",
        "D3070: The single argument form of the sort function can only be applied to an array of "
        "strings or an array of numbers.  Use the second argument to specify a comparison function",
    ),
    (
        "$sort([[1],[2]])",
        "D3070: The single argument form of the sort function can only be applied to an array of "
        "strings or an array of numbers.  Use the second argument to specify a comparison function",
    ),
    (
        "$sort([true,false])",
        "D3070: The single argument form of the sort function can only be applied to an array of "
        "strings or an array of numbers.  Use the second argument to specify a comparison function",
    ),
    ("$sort([3,1,2], 5)", 'T0410: Argument 2 of function "sort" does not match function signature'),
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
