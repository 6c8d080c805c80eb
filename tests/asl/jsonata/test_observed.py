"""What the engine of AWS does otherwise than the reference implementation, and what only breaks the latter."""

import pytest

from asl.jsonata import EngineFailed, compile_expression
from tests.asl.jsonata.expressions import failure_of, value_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$base64encode('quay é')", "cXVheSDDqQ=="),
        ("$base64decode('cXVheSDDqQ==')", "quay é"),
        ("$partition($nothing, 2) = 1", False),
        ("$exists($partition([1], 0))", False),
        ("$exists($range(1, 5, 0))", False),
        ("$exists($range(1, 5))", False),
        ("$exists($hash('a'))", False),
        ("$exists($parse($nothing))", False),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$parse('[1e3, 99999999999999999999]')", [1000, 1e20]),
    ],
)
def test_aws_yields(expression, value):
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("$partition([1], -1)", "D3137: Second argument must be zero or greater"),
        ("1 ?: 2", 'S0211: The symbol ":" cannot be used as a unary operator'),
        ("$nothing ?? 2", 'S0211: The symbol "?" cannot be used as a unary operator'),
        (
            "$fromMillis(0, '[YN]')",
            "D3133: The 'name' modifier can only be applied to months and days in the date/time picture string, "
            'not "Y"',
        ),
        ("$parse('NaN')", "D3137: Invalid JSON"),
        ("$parse('1e999')", "D3137: Invalid JSON"),
        ("$hash('a', 'SHA-2')", "D3137: Hash algorithm 'SHA-2' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5"),
    ],
)
def test_aws_refuses(expression, text):
    assert failure_of(expression) == text


@pytest.mark.parametrize("expression", ["$base64decode('*')", "$nothing@$b.x{'k': $b}"])
def test_the_engine_stumbles(expression):
    with pytest.raises(EngineFailed):
        compile_expression(expression).with_bindings({})
