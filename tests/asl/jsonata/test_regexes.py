"""Regular expressions and matchers."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_function, is_undefined, value_of

VALUES = [
    (
        "$match('ab12cd3', /\\d+/)",
        [{"match": "12", "index": 2, "groups": []}, {"match": "3", "index": 6, "groups": []}],
    ),
    ("$match('ab12cd3', /\\d+/, 1)", {"match": "12", "index": 2, "groups": []}),
    ("$match('a-b', /(\\w)-(\\w)/)", {"match": "a-b", "index": 0, "groups": ["a", "b"]}),
    ("$match('ac', /(a)(b)?(c)/)", {"match": "ac", "index": 0, "groups": ["a", None, "c"]}),
    ("$match('AbC', /[a-c]/i).match", ["A", "b", "C"]),
    ("$match('a\\nb', /^b/m).index", 2),
    ("$match('a/b', /\\//).index", 1),
    ("$match('aXbX', /(?<mark>X)/).groups", ["X", "X"]),
    ("$match('abab', /(?<p>ab)\\k<p>/).match", "abab"),
    ("$contains('aa', /^a$/)", False),
    ("$contains('a$', /[$]/)", True),
    ("/a(b)/('xab')", {"match": "ab", "start": 1, "end": 3, "groups": ["b"]}),
    ("/a/('a a').match", "a"),
    ("$type(/a/)", "function"),
    ("$filter(['ab','cd'], /b/)", "ab"),
]

UNDEFINED = [
    "$match('ab12cd3', /\\d+/, 0)",
    "$match('ab', /\\d/)",
    "$match($nothing, /a/)",
    "$match('a\\nb', /^b/).index",
    "$match('ab', function($s) { $nothing })",
    "/a/('xyz')",
    "/a/($nothing)",
]

FUNCTIONS = [
    "/a/",
]

FAILURES = [
    ("$match('ab', /\\d/, -1)", "D3040: Third argument of match function must evaluate to a positive number"),
    ("$match('ab', 'a')", 'T0410: Argument 2 of function "match" does not match function signature'),
    ("$match('aaa', /x*/)", "D1004: Regular expression matches zero length string"),
    ("$split('abc', /x*/)", "D1004: Regular expression matches zero length string"),
    ("$replace('abc', /^/, '-')", "D1004: Regular expression matches zero length string"),
    ("//", "S0301: Empty regular expressions are not allowed"),
    ("/a", "S0302: No terminating / in regular expression"),
    ("[/a/('a')].match", 'S0211: The symbol "/" cannot be used as a unary operator'),
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
