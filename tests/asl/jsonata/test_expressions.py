"""Expressions: results, and the words in which they fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.jsonata import LIBRARY, Frame, JsonataError, Scratch, compile_expression
from tests.asl.machines import cause_of, output_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2", 3),
        ("3.0", 3),
        ("10 / 4", 2.5),
        ("1 / 3 * 3", 1),
        ("0.1 + 0.2", 0.30000000000000004),
        ("1 / 0", "Infinity"),
        ("null", None),
        ("[null]", [None]),
        ("[]", []),
        ("[1][0]", 1),
        ("{'a': $nothing}", {}),
        ("[1, $nothing, 2]", [1, 2]),
        ("[1..3]", [1, 2, 3]),
        ("[1,2,3][$ > 1]", [2, 3]),
        ("[1,2,3][$ > 2]", 3),
        ("[1,2,3][$ > 2][]", [3]),
        ("[3,1,2]^($)", [1, 2, 3]),
        ("$map([1,2], function($v, $i) { $v * $i })", [0, 2]),
        ("$filter([1,2], function($v) { $v = 2 })", 2),
        ("$sum([1,2.5])", 3.5),
        ("$string(0.1 + 0.2)", "0.3"),
        ("$string({'a': 1.0})", '{"a":1}'),
        ("$string(2 / 3)", "0.666666666666666"),
        ("$string(-2 / 3)", "-0.666666666666667"),
        ("$string(0.1 + 0.7)", "0.799999999999999"),
        ("$string(100.00000000000001)", "1e+2"),
        ("$string(2.5e-9)", "2.5e-9"),
        ("$string(0.0000025)", "0.0000025"),
        ("$string(7.5e21)", "7.5e+21"),
        ("$string(7.5e15)", "7500000000000000"),
        ("$string($states.input.control)", '["\x02\\\\u0041\\n"]'),
        ("'is ' & 2 / 3", "is 0.666666666666666"),
        ("$states.input.large", 1e25),
        ("$states.input.long", 9223372036854775807),
        ("$merge([{'a': 1}, {'b': 2}])", {"a": 1, "b": 2}),
        ("$states.input.a.b", [1, 2]),
        ("($x := 5; $x + 1)", 6),
        ("$exists($states.input.zz)", False),
        ("$states.input.zz = 1", False),
        ("'a' & 1 & $nothing & true", "a1true"),
        ("$replace('abc', /b/, '-')", "a-c"),
        ("$match('ab', /(a)/).groups", ["a"]),
        ("$toMillis('1970-01-01T00:00:01Z')", 1000),
        ("$fromMillis(0)", "1970-01-01T00:00:00.000Z"),
        ("$now()", "2027-01-15T08:00:00.000Z"),
        ("$formatNumber(1234.5, '#,##0.00')", "1,234.50"),
        ("$number('0x10')", 16),
        ("$partition([1,2,3], 2)", [[1, 2], [3]]),
        ("$partition([], $nothing)", [[]]),
        ("$parse(\"{'it': ['\\\\'s', '\\\"']}\")", {"it": ["'s", '"']}),
        ("$replace('aaa', 'a', 'b', 2.5)", "bba"),
        ("$replace('\u00a0a', /^\\s/, '')", "\u00a0a"),
        ("$base64decode('Zm8')", "fo"),
        ("$decodeUrlComponent('a+b%2Bc')", "a b+c"),
        ("$decodeUrlComponent('%FF')", "\ufffd"),
        ("$fromMillis(0, '[H01]:[m01]', 'utc')", "00:00"),
        ("$fromMillis(0, '[H01]:[m01]', '+0530')", "05:30"),
        ("$partition([1,2,3,4,5], 2.6)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(1.4, 5.6, 2.2)", [1, 3, 5]),
        ("$hash('hello', 'SHA-1')", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$random(77) = $random(77)", True),
        ("$length($uuid())", 36),
    ],
)
def test_an_expression_yields(expression, value):
    found = output_of(
        expression, {"a": [{"b": 1}, {"b": 2}], "control": ["\x02\\u0041\n"], "large": 10**25, "long": 2**63 - 1}
    )
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("expression", "ending"),
    [
        ("$states.input.zz", "returned nothing (undefined)."),
        ("[][0]", "returned nothing (undefined)."),
        (
            "'a' + 1",
            'threw an error during evaluation. T2001: The left side of the "+" operator must evaluate to a number',
        ),
        (
            "1 < 'a'",
            "threw an error during evaluation. T2009: "
            'The values 1 and "a" either side of operator "<" must be of the same data type',
        ),
        ("function($x) { $x }", "returned an unsupported result type."),
        ("{'a': [$uppercase]}", "returned an unsupported result type."),
        (
            "$hash('a', $nothing)",
            "threw an error during evaluation. D3137: "
            "Hash algorithm 'null' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5",
        ),
        ('$parse(\'{"a": 1, "a": 2}\')', "threw an error during evaluation. D3137: Invalid JSON"),
        ("$nope()", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
        ("$eval('1')", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
        ("$error('mine')", "threw an error during evaluation. D3137: mine"),
        ("$assert(false, 'broken')", "threw an error during evaluation. D3141: broken"),
    ],
)
def test_an_expression_fails_in_the_words_of_aws(expression, ending):
    shown = f"The JSONata expression '{expression}' specified for the field 'Output' "
    assert cause_of(expression) == shown + ending


def test_a_function_that_never_ends_is_stopped():
    assert "threw an error during evaluation: " in cause_of("($f := function($n) { 1 + $f($n) }; $f(1))")


@pytest.mark.parametrize(
    "path",
    ["$states.input", "$states.input.a", "$states.input.a.b", "$states.zz.b", "$x", "$x.y", "$states.n.a"],
)
@pytest.mark.parametrize(
    "a", [1, None, "s", [], [1], [[1, 2]], {"b": 1}, {"b": []}, [{"b": [1]}, {"b": 2}], {"b": [[3]]}]
)
def test_the_fast_path_for_plain_paths_agrees_with_the_general_one(path, a):
    scope = Frame(LIBRARY, {"states": {"input": {"a": a}, "n": None}, "x": {"y": a}}, Scratch(0.0, None))  # type: ignore[arg-type]
    fast = compile_expression(path).evaluate(scope)
    # A conditional around it keeps the path from being recognised as a plain one.
    assert compile_expression(f"(true ? {path})").evaluate(scope) == fast


def test_a_syntax_error_has_a_code():
    with pytest.raises(JsonataError, match="S0"):
        compile_expression("1 +")


def test_compiling_takes_no_longer_for_each_level_of_nested_paths():
    expression = "$x"
    for _ in range(30):
        expression = f"$x.a.({expression})"
    assert compile_expression(expression).with_bindings({"x": {"a": {"b": 1}}}) == {"a": {"b": 1}}


SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALARS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_any_value_passes_through_an_expression_unchanged(value):
    assert output_of("$states.input", {"v": value}) == {"v": value}
    assert output_of("[$states.input]", {"v": value}) == [{"v": value}]
