"""Lambdas, partial application, chaining, higher-order functions and transforms."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_undefined, value_of

VALUES = [
    ("($f := function($x) { $x * 2 }; $f(4))", 8),
    ("($f := λ($x) { $x }; $f('a'))", "a"),
    ("function($x, $y) { $x + $y }(1, 2)", 3),
    ("function() { 7 }(1, 2)", 7),
    ("($add := function($a) { function($b) { $a + $b } }; $add(2)(3))", 5),
    ("($fact := function($n) { $n < 2 ? 1 : $n * $fact($n - 1) }; $fact(10))", 3628800),
    (
        "($even := function($n) { $n = 0 ? true : $odd($n - 1) }; $odd := function($n) { $n = 0 ? false "
        ": $even($n - 1) }; $even(501))",
        False,
    ),
    ("($loop := function($n, $sum) { $n = 0 ? $sum : $loop($n - 1, $sum + $n) }; $loop(1000, 0))", 500500),
    ("($f := function($n) { $uppercase($n) }; $f('tail'))", "TAIL"),
    ("($y := 10; $f := function($x) { $x + $y }; $y := 20; $f(1))", 21),
    ("($data.boats[0]).(function($x) { name & $x }('!'))", "Wren!"),
    ("($half := $power(?, 0.5); $half(16))", 4),
    ("($f := function($a, $b, $c) { $a & $b & $c }; $g := $f('x', ?, 'z'); $g('y'))", "xyz"),
    ("($f := function($a, $b) { $a - $b }; $g := $f(?, ?); $g(5, 2))", 3),
    ("($f := function($a, $b) { $a - $b }; $g := $f(?, 2); $h := $g(?); $h(9))", 7),
    ("$substring(?, 0, 2)('abc')", "ab"),
    ("'a' ~> $uppercase", "A"),
    ("'a' ~> $uppercase()", "A"),
    ("'a' ~> $substring(0, 1)", "a"),
    ("[1,2,3] ~> $sum ~> $string", "6"),
    ("(5 ~> function($x) { $x + 1 })", 6),
    ("($up := $trim ~> $uppercase; $up('  a '))", "A"),
    ("($f := $uppercase ~> $lowercase ~> $length; $f('abc'))", 3),
    ("$map([1,2,3], function($v) { $v * $v })", [1, 4, 9]),
    ("$map([1,2,3], function($v, $i) { $i })", [0, 1, 2]),
    ("$map([1,2], function($v, $i, $a) { $count($a) })", [2, 2]),
    ("$map([1], function($v) { $v })", 1),
    ("$map(5, function($v) { $v + 1 })", 6),
    ("$map([1,2,3], function($v) { $v = 2 ? $nothing : $v })", [1, 3]),
    ("$map([1,2], function($v) { [$v, $v] })", [[1, 1], [2, 2]]),
    ("$map(['a','b'], $uppercase)", ["A", "B"]),
    ("$map(['1','2'], $number)", [1, 2]),
    ("$map([4,9], $sqrt)", [2, 3]),
    ("$map(['ab','cd'], $substring(?, 1))", ["b", "d"]),
    ("$filter([1,2,3,4], function($v) { $v % 2 = 0 })", [2, 4]),
    ("$filter([1,2,3,4], function($v, $i) { $i > 1 })", [3, 4]),
    ("$filter([1,2,3,4], function($v, $i, $a) { $v = $max($a) })", 4),
    ("$filter([0,1,'',null,'a'], $boolean)", [1, "a"]),
    ("$filter(3, function($v) { true })", 3),
    ("$reduce([1,2,3], function($a, $b) { $a + $b })", 6),
    ("$reduce([1,2,3], function($a, $b) { $a + $b }, 10)", 16),
    ("$reduce([5], function($a, $b) { $a + $b })", 5),
    ("$reduce([], function($a, $b) { $a + $b }, 1)", 1),
    ("$reduce([1,2,3], function($a, $b, $i) { $a & '-' & $i })", "1-1-2"),
    ("$reduce([1,2,3], function($a, $b, $i, $all) { $a + $count($all) })", 7),
    ("$reduce([[1],[2]], $append)", [1, 2]),
    ("$single([1,2,3], function($v) { $v = 2 })", 2),
    ("$single([1,2,3], function($v, $i, $a) { $i = 2 })", 3),
    ("$single([7])", 7),
    ("$each({'a':1,'b':2}, function($v, $k) { $k & $v })", ["a1", "b2"]),
    ("$each({'a':1}, function($v, $k, $o) { $keys($o) })", ["a"]),
    ("$each({'a':1,'b':2}, function($v) { $v = 1 ? $nothing : $v })", 2),
    ("$data.piers[0] ~> $each(function($v, $k) { $k })", ["id", "depth"]),
    ("$sift({'a':1,'b':2}, function($v) { $v > 1 })", {"b": 2}),
    ("$sift({'a':1,'b':2}, function($v, $k) { $k = 'a' })", {"a": 1}),
    ("$sift({'a':1,'b':2}, function($v, $k, $o) { $v = $o.b })", {"b": 2}),
    ("$data.piers[0].$sift(function($v) { $v = 4 })", {"depth": 4}),
    ("$data.boats.berth.$sift(function($v, $k) { $k = 'no' })", [{"no": 3}, {"no": 1}, {"no": 1}]),
    ("function($x)<n:n> { $x + 1 }(2)", 3),
    ("function($x, $y)<s-n?:s> { $x & $y }('a', 3)", "a3"),
    ("function($x, $y)<s-n?:s> { $x & $y }('a')", "a"),
    ("function($x)<a<n>:n> { $sum($x) }([1,2])", 3),
    ("function($x)<a<n>:n> { $sum($x) }(4)", 4),
    ("function($x)<(ns):s> { 'got ' & $x }(4)", "got 4"),
    ("function($x)<o:s> { $x.a }({'a': 'b'})", "b"),
    ("function($x)<f:n> { $x(2) }(function($y) { $y * 3 })", 6),
    ("function($x)<x+:n> { $x }(1, 2)", 1),
    ("function($x, $y)<l> { $x }(null)", None),
    ("$type($sum)", "function"),
    ("$type(function($x) { $x })", "function"),
    ("[1,2,3] ~> $map(function($x) { $x + 1 }) ~> $sum()", 9),
    ("($compose := function($f, $g) { function($x) { $g($f($x)) } }; $compose($trim, $length)('  ab '))", 2),
    (
        "$data.boats ~> | berth | {'seen': true} |",
        [
            {"name": "Wren", "length": 7.5, "crew": ["Ada", "Bo"], "berth": {"pier": "A", "no": 3, "seen": True}},
            {"name": "Kite", "length": 12, "crew": ["Cy"], "berth": {"pier": "B", "no": 1, "seen": True}},
            {"name": "Gull", "length": 9, "crew": [], "berth": {"pier": "A", "no": 1, "seen": True}},
        ],
    ),
    (
        "$data.boats[0] ~> | berth | {'no': no + 1}, 'pier' |",
        {"name": "Wren", "length": 7.5, "crew": ["Ada", "Bo"], "berth": {"no": 4}},
    ),
    ("$data.boats[0] ~> | $ | {}, ['crew', 'berth'] |", {"name": "Wren", "length": 7.5}),
    (
        "$data.boats[0] ~> | nothing | {'a': 1} |",
        {"name": "Wren", "length": 7.5, "crew": ["Ada", "Bo"], "berth": {"pier": "A", "no": 3}},
    ),
    ("$data.piers ~> |$|{'depth': 0}|", [{"id": "A", "depth": 0}, {"id": "B", "depth": 0}]),
    (
        "$data.boats[0] ~> |berth|$nothing|",
        {"name": "Wren", "length": 7.5, "crew": ["Ada", "Bo"], "berth": {"pier": "A", "no": 3}},
    ),
    ("($data.piers[0] ~> |$|{'depth': 9}|; $data.piers[0].depth)", 4),
    ("$clone($data.piers[0])", {"id": "A", "depth": 4}),
]

UNDEFINED = [
    "function($x) { $x }()",
    "$nothing ~> $uppercase",
    "$map([], function($v) { $v })",
    "$map($nothing, function($v) { $v })",
    "$filter([1,2], function($v) { $v > 5 })",
    "$filter($nothing, function($v) { true })",
    "$reduce([], function($a, $b) { $a + $b })",
    "$reduce($nothing, function($a, $b) { $a + $b })",
    "$single($nothing, function($v) { true })",
    "$each({}, function($v) { $v })",
    "$sift({'a':1}, function($v) { false })",
    "'ctx'.function($x)<s-:s> { $x & '!' }()",
    "$nothing ~> |a|{}|",
    "$clone($nothing)",
]

FAILURES = [
    (
        "($f := function($n) { $sum($n) }; $f('tail'))",
        'T0412: Argument 1 of function "sum" must be an array of "numbers"',
    ),
    ("($f := $nope(?, 1); $f)", "T1008: Attempted to partially apply a non-function"),
    ("nope(?, 1)", "T1008: Attempted to partially apply a non-function"),
    ("sum([1])", "T1005: Attempted to invoke a non-function. Did you mean $sum?"),
    ("sum(?)", "T1007: Attempted to partially apply a non-function. Did you mean $sum?"),
    ("uppercase('a')", "T1005: Attempted to invoke a non-function. Did you mean $uppercase?"),
    ("'a' ~> 5", "T2006: The right side of the function application operator ~> must be a function"),
    ("'a' ~> $nothing", "T2006: The right side of the function application operator ~> must be a function"),
    ("5(1)", "T1006: Attempted to invoke a non-function"),
    ("$data.name()", "T1006: Attempted to invoke a non-function"),
    ("'x'()", "T1006: Attempted to invoke a non-function"),
    ("$map([1,2])", 'T0410: Argument 2 of function "map" does not match function signature'),
    ("$map([1,2], 3)", 'T0410: Argument 2 of function "map" does not match function signature'),
    (
        "$reduce([1,2], function($a) { $a })",
        "D3050: The second argument of reduce function must be a function with at least two arguments",
    ),
    ("$single([1,2])", "D3138: The $single() function expected exactly 1 matching result.  Instead it matched more."),
    (
        "$single([], function($v) { true })",
        "D3139: The $single() function expected exactly 1 matching result.  Instead it matched 0.",
    ),
    (
        "$single([1,2,3], function($v) { $v > 5 })",
        "D3139: The $single() function expected exactly 1 matching result.  Instead it matched 0.",
    ),
    (
        "$single([1,2,3], function($v) { $v > 1 })",
        "D3138: The $single() function expected exactly 1 matching result.  Instead it matched more.",
    ),
    ("$each(5, function($v) { $v })", 'T0410: Argument 1 of function "each" does not match function signature'),
    ("function($x)<n:n> { $x + 1 }('2')", "T0410: Argument 1 of function undefined does not match function signature"),
    (
        "5.function($x)<s-:s> { $x & '!' }()",
        "S0213: The literal value 5 cannot be used as a step within a path expression",
    ),
    (
        "function($x)<a<n>:n> { $sum($x) }(['a'])",
        'T0412: Argument 1 of function undefined must be an array of "numbers"',
    ),
    (
        "function($x)<(ns):s> { 'got ' & $x }(true)",
        "T0410: Argument 1 of function undefined does not match function signature",
    ),
    ("function($x)<b:b> { $x }(1)", "T0410: Argument 1 of function undefined does not match function signature"),
    (
        "$data.boats[0] ~> |berth|5|",
        "T2011: The insert/update clause of the transform expression must evaluate to an object: 5",
    ),
    (
        "$data.boats[0] ~> |berth|{}, 5|",
        "T2012: The delete clause of the transform expression must evaluate to a string or array of strings: 5",
    ),
    (
        "$data.boats[0] ~> |berth|{}, ['a', 1]|",
        'T2012: The delete clause of the transform expression must evaluate to a string or array of strings: ["a",1]',
    ),
    ("5 ~> |a|{}|", "T0410: Argument 1 of function undefined does not match function signature"),
    ("$clone(5)", 'T0410: Argument 1 of function "clone" does not match function signature'),
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
