"""Where the nodes and lines of a graph stand."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings

from taskline.console.executions.definition import parse
from taskline.console.executions.drawing.graph import back_edges, graph_of, ranks_of, shorten
from taskline.console.executions.drawing.layout import lay_out
from tests.steering.console.executions.machines import chain_of, definitions
from tests.steering.console.executions.recordings import shipped


def layout_of(text):
    definition = parse(text)
    return lay_out(graph_of(definition, definition.top))


def boxes(layout):
    return [box for _, box in layout.nodes] + [route.label for route in layout.routes if route.label is not None]


def meets(point, box):
    x, y = point
    return box.x <= x <= box.x + box.width and y in (box.y, box.bottom)


def assert_readable(text):
    layout = layout_of(text)
    assert len(layout.nodes) == len(parse(text).top.states)
    for one, other in combinations(boxes(layout), 2):
        assert not one.overlaps(other)
    for box in boxes(layout):
        assert 0 <= box.x <= box.x + box.width <= layout.width
        assert 0 <= box.y <= box.bottom <= layout.height
    for route in layout.routes:
        if route.edge is not None and route.edge.source != route.edge.target:
            assert meets(route.points[0], layout.box(route.edge.source))
            assert meets(route.points[-1], layout.box(route.edge.target))


def test_the_shipped_machine_is_readable():
    assert_readable(shipped())


@settings(deadline=None, max_examples=60)
@given(definitions())
def test_any_machine_is_readable(text):
    assert_readable(text)


def test_a_machine_of_25_states_is_readable():
    assert_readable(chain_of(25))


@settings(deadline=None, max_examples=60)
@given(definitions(most=8))
def test_each_edge_of_the_definition_is_one_line(text):
    layout = layout_of(text)
    drawn = [(route.edge.source, route.edge.target) for route in layout.routes if route.edge is not None]
    assert sorted(drawn) == sorted(parse(text).top.targets)


def test_no_line_passes_through_a_node_of_the_shipped_machine():
    layout = layout_of(shipped())
    for route in layout.routes:
        for (x0, y0), (x1, y1) in pairwise(route.points):
            for _, box in layout.nodes:
                upright = x0 == x1 and box.x < x0 < box.x + box.width
                assert not (upright and min(y0, y1) < box.y and box.bottom < max(y0, y1))


def test_the_same_machine_is_laid_out_the_same_way():
    definition = parse(shipped())
    graph = graph_of(definition, definition.top)
    assert lay_out.__wrapped__(graph) == lay_out.__wrapped__(graph)


def test_the_scope_starts_at_one_mark_and_ends_at_one_for_each_last_state():
    layout = layout_of(shipped())
    assert [mark.state for mark in layout.marks if mark.kind == "start"] == ["CheckGate"]
    ends = {mark.state: mark.fails for mark in layout.marks if mark.kind == "end"}
    assert ends["TaskSucceeded"] is False
    assert ends["LeaseLost"] is True
    assert len(ends) == 13


def test_what_comes_later_stands_lower():
    layout = layout_of(shipped())
    claim, process, record = (layout.box(name).y for name in ("ClaimTask", "ProcessTask", "RecordResult"))
    assert claim < process < record


def test_a_state_that_leads_to_itself_has_a_loop_beside_it():
    text = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}'
    layout = layout_of(text)
    (loop,) = [route for route in layout.routes if route.edge is not None]
    box = layout.box("A")
    assert {x for x, _ in loop.points} == {box.x + box.width, max(x for x, _ in loop.points)}
    assert max(x for x, _ in loop.points) <= layout.width


def test_back_edges_are_those_that_close_a_circle():
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("b", "d")]
    assert back_edges("a", "abcd", edges) == {("c", "a")}


def test_a_rank_is_the_longest_way():
    assert ranks_of("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]) == {"a": 0, "b": 1, "c": 2, "d": 3}


@pytest.mark.parametrize(
    ("text", "most", "short"), [("abc", 3, "abc"), ("abcdefghij", 7, "abcd…ij"), ("abcd", 2, "a…")]
)
def test_long_names_are_shortened_in_the_middle(text, most, short):
    assert shorten(text, most) == short
