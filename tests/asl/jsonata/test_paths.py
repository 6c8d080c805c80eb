"""Location paths: steps, filters, grouping, position, context and parent."""

import pytest

from tests.asl.jsonata.expressions import failure_of, is_undefined, value_of

VALUES = [
    ("$data.boats.name", ["Wren", "Kite", "Gull"]),
    ("$data.boats[1].name", "Kite"),
    ("$data.boats[-1].name", "Gull"),
    ("$data.boats[0.9].name", "Wren"),
    ("$data.boats.crew", ["Ada", "Bo", "Cy"]),
    ("$data.boats.crew[0]", ["Ada", "Cy"]),
    ("($data.boats.crew)[0]", "Ada"),
    ("($data.boats.crew)[-1]", "Cy"),
    ("$data.boats[berth.pier='A'].name", ["Wren", "Gull"]),
    ("$data.boats[length > 8][0].name", "Kite"),
    ("$data.boats[[0,2]].name", ["Wren", "Gull"]),
    ("$data.boats[[0..1]].length", [7.5, 12]),
    ("$data.boats[name].length", [7.5, 12, 9]),
    ("$data.boats[crew].name", ["Wren", "Kite"]),
    ("$data.boats['x'].name", ["Wren", "Kite", "Gull"]),
    ("$data.boats[name='Kite'].crew", ["Cy"]),
    ("$data.boats[name='Kite'].crew[]", ["Cy"]),
    ("$data.boats[name='Kite'][].name", ["Kite"]),
    ("$data.name[]", ["Quayside"]),
    ("$data.name[0]", "Quayside"),
    ("$data.boats.berth.(pier & no)", ["A3", "B1", "A1"]),
    ("$data.boats.(length * 2)", [15, 24, 18]),
    ("$data.boats.[name, length]", [["Wren", 7.5], ["Kite", 12], ["Gull", 9]]),
    ("$data.boats.[name]", [["Wren"], ["Kite"], ["Gull"]]),
    ("$data.boats[0].[name]", ["Wren"]),
    ("$data.boats.{'n': name}", [{"n": "Wren"}, {"n": "Kite"}, {"n": "Gull"}]),
    ("$data.boats[0].{'n': name, 'zz': zz}", {"n": "Wren"}),
    (
        "$data.*",
        [
            "Quayside",
            None,
            True,
            {"name": "Wren", "length": 7.5, "crew": ["Ada", "Bo"], "berth": {"pier": "A", "no": 3}},
            {"name": "Kite", "length": 12, "crew": ["Cy"], "berth": {"pier": "B", "no": 1}},
            {"name": "Gull", "length": 9, "crew": [], "berth": {"pier": "A", "no": 1}},
            {"id": "A", "depth": 4},
            {"id": "B", "depth": 6},
            1,
            2,
            3,
            4,
            3,
            1,
            2,
            {"x": 1},
        ],
    ),
    ("$data.boats[0].*", ["Wren", 7.5, "Ada", "Bo", {"pier": "A", "no": 3}]),
    ("$data.boats.berth.*", ["A", 3, "B", 1, "A", 1]),
    ("$data.**.pier", ["A", "B", "A"]),
    ("$data.piers.**", [{"id": "A", "depth": 4}, "A", 4, {"id": "B", "depth": 6}, "B", 6]),
    ("$data.grid", [[1, 2], [3, [4]]]),
    ("$data.grid[0]", [1, 2]),
    ("$data.grid[1][1]", [4]),
    ("$data.grid.$", [1, 2, 3, [4]]),
    ("$data.grid.*", [1, 2, 3, 4]),
    ("$data.grid.**", [1, 2, 3, 4]),
    ("$data.`odd key`.x", 1),
    ('$data."odd key".x', 1),
    ("$data.'odd key'", {"x": 1}),
    ("$data.boats.name.$uppercase()", ["WREN", "KITE", "GULL"]),
    ("$data.boats.name.$length($)", [4, 4, 4]),
    ("$data.boats.$string(length)", ["7.5", "12", "9"]),
    ("$data.empty", []),
    ("$data.none", None),
    ("$data.boats{berth.pier: name}", {"A": ["Wren", "Gull"], "B": "Kite"}),
    ("$data.boats{berth.pier: $sum(length)}", {"A": 16.5, "B": 12}),
    (
        "$data.boats{name: length, berth.pier & '!': $count(crew)}",
        {"Wren": 7.5, "A!": 2, "Kite": 12, "B!": 1, "Gull": 9},
    ),
    ("$data.boats[length < 0]{name: 1}", {}),
    ("$data.boats.berth{pier: no[]}", {"A": [3, 1], "B": [1]}),
    ("$data.boats{name: crew}", {"Wren": ["Ada", "Bo"], "Kite": ["Cy"], "Gull": []}),
    ("$data.boats.name[$ != 'Kite']", ["Wren", "Gull"]),
    ("$data.boats[$contains(name, 'l')].berth.no", 1),
    ("[$data.boats.name][0]", "Wren"),
    ("[[1,2],[3]].$", [1, 2, 3]),
    ("[[1,2],[3]][0]", [1, 2]),
    ("[1,[2,[3]]]", [1, [2, [3]]]),
    ("[1,2].[$]", [[1], [2]]),
    ("[1,2].[$][]", [[1], [2]]),
    ("{'a': [1,2]}.a[1]", 2),
    ("{'a': {'b': 5}}.*.b", 5),
    ("(1;2;3)", 3),
    ("$data.tides.{'t': $}", [{"t": 3}, {"t": 1}, {"t": 2}]),
    ("$data.tides#$i.($i * 10)", [0, 10, 20]),
    ("$data.tides#$i[$i > 0]", [1, 2]),
    ("$data.tides#$i[$ > 1].{'i': $i, 't': $}", [{"i": 0, "t": 3}, {"i": 2, "t": 2}]),
    ("$data.boats#$i.{'i': $i, 'n': name}", [{"i": 0, "n": "Wren"}, {"i": 1, "n": "Kite"}, {"i": 2, "n": "Gull"}]),
    ("$data.boats[length>8]#$i.{'i': $i, 'n': name}", [{"i": 0, "n": "Kite"}, {"i": 1, "n": "Gull"}]),
    ("$data.boats@$b.{'n': $b.name}", [{"n": "Wren"}, {"n": "Kite"}, {"n": "Gull"}]),
    ("$data.boats.crew#$c.{'c': $, 'at': $c}", [{"c": "Ada", "at": 0}, {"c": "Bo", "at": 1}, {"c": "Cy", "at": 0}]),
    (
        "$data.boats@$b.$data.piers@$p[$p.id = $b.berth.pier].{'n': $b.name, 'd': $p.depth}",
        [{"n": "Wren", "d": 4}, {"n": "Kite", "d": 6}, {"n": "Gull", "d": 4}],
    ),
    (
        "$data.boats@$b#$i.{'n': $b.name, 'i': $i}",
        [{"n": "Wren", "i": 0}, {"n": "Kite", "i": 1}, {"n": "Gull", "i": 2}],
    ),
    ("$data.boats@$b[$b.length > 8].name", ["Quayside", "Quayside"]),
    ("$data.boats#$i{berth.pier: $i}", {"A": [0, 2], "B": 1}),
    (
        "$data.boats^(name)#$i.{'i': $i, 'n': name}",
        [{"i": 0, "n": "Gull"}, {"i": 1, "n": "Kite"}, {"i": 2, "n": "Wren"}],
    ),
    ("$data.boats^(name)#$i[$i=0].name", "Gull"),
    (
        "$data.boats.berth.{'pier': pier, 'boat': %.name}",
        [{"pier": "A", "boat": "Wren"}, {"pier": "B", "boat": "Kite"}, {"pier": "A", "boat": "Gull"}],
    ),
    ("$data.boats.berth[no=1].%.name", ["Kite", "Gull"]),
    ("$data.boats.crew.(% .name & '/' & $)", ["Wren/Ada", "Wren/Bo", "Kite/Cy"]),
    (
        "$data.boats.crew.{'c': $, 'l': %.length, 'town': %.%.name}",
        [
            {"c": "Ada", "l": 7.5, "town": "Quayside"},
            {"c": "Bo", "l": 7.5, "town": "Quayside"},
            {"c": "Cy", "l": 12, "town": "Quayside"},
        ],
    ),
    ("$data.boats.berth.pier.{'b': %.%.name}", [{"b": "Wren"}, {"b": "Kite"}, {"b": "Gull"}]),
    ("$data.boats.crew[%.length > 8]", "Cy"),
    ("$data.boats[%.name='Quayside'].name", ["Wren", "Kite", "Gull"]),
    ("$data.boats.berth^(%.name).no", [1, 1, 3]),
]

UNDEFINED = [
    "$data.boats[7]",
    "$data.boats[$nothing].name",
    "$data.name[1]",
    "$data.empty.x",
    "$data.empty[0]",
    "$data.none.x",
    "$data.name.x",
    "[$data.boats][0].name",
    "()",
    "$",
    "$data.boats@$b.length",
    "$data.boats@$b.crew.{'b': $b.name, 'c': $}",
    "$data.boats@$b.berth^(no).{'n': $b.name, 'no': no}",
]

FAILURES = [
    ("%", "S0217: The object representing the 'parent' cannot be derived from this expression"),
    ("$data.%.%", "S0217: The object representing the 'parent' cannot be derived from this expression"),
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
