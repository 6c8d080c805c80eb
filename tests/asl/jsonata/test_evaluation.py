"""Rules of evaluation that a case in `cases/` cannot express."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.jsonata import LIBRARY, Frame, JsonataError, Scratch, compile_expression
from tests.asl.machines import cause_of, output_of


def test_a_function_that_never_ends_is_stopped():
    assert "threw an error during evaluation: " in cause_of("($f := function($n) { 1 + $f($n) }; $f(1))")


PATHS = ["$states.input", "$states.input.a", "$states.input.a.b", "$states.input.a.b.c", "$states.zz.b", "$states.n.a"]
PLAIN = [1, None, "s", [], [1], [[1, 2]]]
OBJECTS = [{"b": 1}, {"b": []}, {"b": [[3]]}, {"b": {"c": 1}}]
ARRAYS = [[{"b": [1]}, {"b": 2}], [{"b": [[3]]}], [{"b": [{"c": 1}]}], [{"b": {"c": [[4]]}}], [[{"b": [[{"c": 1}]]}]]]


@pytest.mark.parametrize("path", [*PATHS, "$x", "$x.y"])
@pytest.mark.parametrize("a", [*PLAIN, *OBJECTS, *ARRAYS])
def test_the_shortcut_for_plain_paths_agrees_with_the_general_way(path, a):
    scope = Frame(LIBRARY, {"states": {"input": {"a": a}, "n": None}, "x": {"y": a}}, Scratch(0.0, None))  # type: ignore[arg-type]
    short = compile_expression(path).evaluate(scope)
    # With a lambda in the expression, every node counts its depth, so the path cannot take the shortcut.
    general = compile_expression(f"(function() {{ 1 }}; {path})").evaluate(scope)
    assert (type(general), general) == (type(short), short)


def test_a_syntax_error_has_a_code():
    with pytest.raises(JsonataError, match="S0"):
        compile_expression("1 +")


def test_deeply_nested_paths_compile_in_linear_time():
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
