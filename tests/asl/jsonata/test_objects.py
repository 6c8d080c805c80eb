"""Functions of objects, types and errors."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_function, is_undefined, value_of

VALUES = [
    ("$keys({'a':1,'b':2})", ["a", "b"]),
    ("$keys({'a':1})", "a"),
    ("$keys([{'a':1},{'b':2},{'a':3}])", ["a", "b"]),
    ("$data.piers[0].$keys()", ["id", "depth"]),
    ("$lookup({'a':1}, 'a')", 1),
    ("$lookup([{'a':1},{'b':0},{'a':2}], 'a')", [1, 2]),
    ("$lookup([{'a':1}], 'a')", 1),
    ("$lookup({'a':null}, 'a')", None),
    ("$spread({'a':1,'b':2})", [{"a": 1}, {"b": 2}]),
    ("$spread([{'a':1},{'b':2}])", [{"a": 1}, {"b": 2}]),
    ("$spread('a')", "a"),
    ("$spread([1,2])", [1, 2]),
    ("$merge([{'a':1},{'a':2,'b':3}])", {"a": 2, "b": 3}),
    ("$merge({'a':1})", {"a": 1}),
    ("$merge([])", {}),
    ("$type(null)", "null"),
    ("$type(1)", "number"),
    ("$type('a')", "string"),
    ("$type(true)", "boolean"),
    ("$type([])", "array"),
    ("$type({})", "object"),
    ("$type(/a/)", "function"),
    ("$clone([1,{'a':$sum}])", [1, {"a": ""}]),
]

UNDEFINED = [
    "$keys({})",
    "$keys('a')",
    "$keys($nothing)",
    "$keys($data.berth)",
    "$lookup({'a':1}, 'z')",
    "$lookup($nothing, 'a')",
    "$lookup('x', 'a')",
    "$spread($nothing)",
    "$merge($nothing)",
    "$type($nothing)",
    "$assert(true, 'x')",
]

FUNCTIONS = [
    "$spread(function($x) { $x })",
    "$spread($sum)",
]

FAILURES = [
    ("$lookup({'a':1}, 1)", 'T0410: Argument 2 of function "lookup" does not match function signature'),
    ("$merge(5)", 'T0412: Argument 1 of function "merge" must be an array of "objects"'),
    ("$merge([1])", 'T0412: Argument 1 of function "merge" must be an array of "objects"'),
    ("$error('mine')", "D3137: mine"),
    ("$error()", "D3137: $error() function evaluated"),
    ("$error('')", "D3137: $error() function evaluated"),
    ("$error(5)", 'T0410: Argument 1 of function "error" does not match function signature'),
    ("$assert(false, 'x')", "D3141: x"),
    ("$assert(false)", "D3141: $assert() statement failed"),
    ("$assert(1)", 'T0410: Argument 1 of function "assert" does not match function signature'),
    ("$assert($nothing)", "D3141: $assert() statement failed"),
    ("$assert(false, 5)", 'T0410: Argument 2 of function "assert" does not match function signature'),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_an_expression_yields(expression, value):
    assert value_of(expression) == value


@pytest.mark.parametrize("expression", UNDEFINED)
def test_an_expression_yields_nothing(expression):
    assert is_undefined(expression)


@pytest.mark.parametrize("expression", FUNCTIONS)
def test_an_expression_yields_a_function(expression):
    assert is_function(expression)


@pytest.mark.parametrize(("expression", "text"), FAILURES)
def test_an_expression_fails_with(expression, text):
    assert failure_of(expression) == text
