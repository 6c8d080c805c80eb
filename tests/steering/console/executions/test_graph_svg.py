"""Graphs as SVG: links, words, shapes, and nothing that the policy forbids."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings

from taskline.console.executions.definition import parse
from taskline.console.executions.drawing.graph_svg import graph_svg
from tests.steering.console.executions.machines import definitions
from tests.steering.console.executions.recordings import PATHS, each, record, recorded

SVG = "{http://www.w3.org/2000/svg}"


def link(name):
    return f"?view=graph&step={name}"


def drawn(path, selected=""):
    recording = recorded(path)
    return ET.fromstring(
        graph_svg(recording.definition, recording.definition.top, recording.execution(), link, selected)
    )


def nodes(svg):
    return {node.get("href", "").partition("step=")[2]: node for node in svg.iter(f"{SVG}a")}


def label_of(svg, name):
    return nodes(svg)[name].get("aria-label", "")


def classes(element):
    return set(element.get("class", "").split())


@pytest.mark.parametrize("path", PATHS)
def test_each_state_is_a_link_that_says_what_became_of_it(path):
    svg = drawn(path)
    execution = recorded(path).execution()
    found = nodes(svg)
    assert set(found) == set(execution.states)
    for name, run in execution.states.items():
        label = found[name].get("aria-label", "")
        assert label.startswith(f"{name}, {run.type}, {run.status}")
        assert found[name].findtext(f"{SVG}title") == label
        assert f"is-{run.status.replace(' ', '-')}" in classes(found[name])


def test_a_label_has_time_and_tries():
    label = label_of(drawn("retries of one state"), "ClaimTask")
    assert re.fullmatch(r"ClaimTask, Task, succeeded in \d+ ms, 2 tries", label)


def test_a_caught_error_is_in_the_label():
    assert "caught in 200 ms, TaskValidationError" in label_of(drawn("failure"), "ProcessTask")


def test_each_status_has_a_shape_of_its_own():
    svg = drawn("throttled for too long")
    shapes = {}
    for node in nodes(svg).values():
        status = next(one for one in classes(node) if one.startswith("is-"))
        shapes[status] = [path.get("d") for path in node.iter(f"{SVG}path")]
    assert set(shapes) == {"is-succeeded", "is-caught", "is-failed", "is-not-reached"}
    assert len({tuple(shape) for shape in shapes.values()}) == 4


def test_the_path_taken_stands_out():
    taken = [group for group in drawn("success").iter(f"{SVG}g") if {"edge", "is-taken"} <= classes(group)]
    assert len(taken) == 9, "from the start over eight states to the end"


def test_the_selected_state_is_the_current_one():
    svg = drawn("success", "ProcessTask")
    current = [name for name, node in nodes(svg).items() if node.get("aria-current") == "true"]
    assert current == ["ProcessTask"]


def test_keyboards_go_from_top_to_bottom():
    assert next(iter(nodes(drawn("success")))) == "CheckGate"


def test_the_same_execution_is_always_the_same_text():
    recording = recorded("failure")
    one, other = (graph_svg(recording.definition, recording.definition.top, recording.execution(), link) for _ in "ab")
    assert one == other


def test_a_machine_without_an_execution_has_no_statuses():
    definition = recorded("success").definition
    svg = ET.fromstring(graph_svg(definition, definition.top, None, link))
    assert label_of(svg, "ClaimTask") == "ClaimTask, Task"
    assert {"is-plain"} <= classes(nodes(svg)["ClaimTask"])


def test_what_is_inside_a_map_is_a_graph_of_its_own():
    recording = record(each(), [1, 2], {"Work": [{"result": {}}]})
    _, inner = recording.definition.scopes
    svg = ET.fromstring(graph_svg(recording.definition, inner, recording.execution(), link))
    assert set(nodes(svg)) == {"Prepare", "Work"}
    assert "2 visits" in label_of(svg, "Work")
    assert svg.get("aria-label") == "Graph of branch 1 of Each"


@settings(deadline=None, max_examples=60)
@given(definitions(most=6))
def test_names_cannot_become_markup(text):
    definition = parse(text)
    svg = graph_svg(definition, definition.top, None, lambda _name: "?")
    parsed = ET.fromstring(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", svg))
    tags = {element.tag.removeprefix(SVG) for element in parsed.iter()}
    assert tags <= {"svg", "g", "a", "path", "rect", "circle", "text", "title"}


def test_the_policy_finds_no_style_and_no_script():
    name = '"><script>alert(1)</script><a style="x" onclick="y'
    text = json.dumps({"StartAt": name, "States": {name: {"Type": "Succeed"}}})
    definition = parse(text)
    for element in ET.fromstring(graph_svg(definition, definition.top, None, link)).iter():
        assert not {key for key in element.attrib if key == "style" or key.startswith("on")}
        assert element.tag != f"{SVG}script"
