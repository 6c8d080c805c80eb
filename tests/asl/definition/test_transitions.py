"""Transitions, ends and names of states are checked as on AWS, in the whole machine and inside its states."""

import pytest

from asl import Machine
from tests.asl.definition.refusing import machine_of, problems, texts
from tests.asl.machines import passing, task

LOST = 'MISSING_TRANSITION_TARGET: State "{}" is not reachable. at {}'
NO_END = "MISSING_END_STATE: Workflow has no terminal state at null"


def missing(target, place):
    return f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {place}"


def parallel(**states):
    """A Parallel state with one branch of these states."""
    return {"Type": "Parallel", "Branches": [{"StartAt": next(iter(states)), "States": states}], "End": True}


def mapping(**states):
    """A Map over these states."""
    return {"Type": "Map", "ItemProcessor": {"StartAt": next(iter(states)), "States": states}, "End": True}


RULE = {"Condition": True, "Next": "A"}


@pytest.mark.parametrize(
    ("states", "place"),
    [
        ({"A": passing(Next="Z"), "B": passing()}, "/States/A/Next"),
        ({"A": {"Type": "Choice", "Choices": [{**RULE, "Next": "Z"}], "Default": "B"}}, "/States/A/Choices[0]/Next"),
        ({"A": {"Type": "Choice", "Choices": [RULE], "Default": "Z"}}, "/States/A/Default"),
        ({"A": task(Catch=[{"ErrorEquals": ["E"], "Next": "Z"}])}, "/States/A/Catch[0]/Next"),
        ({"A": parallel(I=passing(Next="Z"))}, "/States/A/Branches[0]/States/I/Next"),
        ({"A": mapping(I=passing(Next="Z"))}, "/States/A/ItemProcessor/States/I/Next"),
        (
            {"A": mapping(I=parallel(J=passing(Next="Z")))},
            "/States/A/ItemProcessor/States/I/Branches[0]/States/J/Next",
        ),
    ],
)
def test_a_target_that_does_not_exist_is_called_next_wherever_it_stands(states, place):
    assert missing("Z", place) in texts(states)


def test_states_cannot_go_to_states_of_an_outer_graph():
    assert missing("A", "/States/P/Branches[0]/States/I/Next") in texts(
        {"P": {**parallel(I=passing(Next="A")), "End": False, "Next": "A"}, "A": passing()}
    )


def test_a_start_that_does_not_exist_leaves_all_states_without_a_way_to_them():
    found = texts({"A": passing()}, StartAt="Nope")
    assert found == [missing("Nope", "/StartAt"), LOST.format("A", "/States/A")]


@pytest.mark.parametrize(
    ("states", "place"),
    [
        ({"A": passing(), "B/C": passing()}, "/States/B/C"),
        ({"A": parallel(I=passing(), **{"B/C": passing()})}, "/States/A/Branches[0]/States/B/C"),
        ({"A": mapping(I=passing(), **{"B/C": passing()})}, "/States/A/ItemProcessor/States/B/C"),
    ],
)
def test_states_that_cannot_be_reached_are_refused(states, place):
    assert texts(states) == [LOST.format("B/C", place)]


def test_a_machine_without_an_end_is_refused_and_its_lost_states_are_not_reported():
    assert texts({"A": passing(Next="B"), "B": passing(Next="A")}) == [NO_END]
    assert texts({"A": passing(Next="A"), "Lost": passing(Next="A")}) == [NO_END]
    assert texts({"A": passing(Next="Z")}) == [missing("Z", "/States/A/Next"), NO_END]


def test_an_end_that_cannot_be_reached_is_a_lost_state():
    assert texts({"A": passing(Next="A"), "C": passing()}) == [LOST.format("C", "/States/C")]


def test_a_loop_inside_a_map_needs_no_end():
    Machine.load(machine_of({"A": mapping(I=passing(Next="J"), J=passing(Next="I"))}))


@pytest.mark.parametrize("name", ["x" * 81, ""])
def test_names_of_states_have_one_to_eighty_characters(name):
    (problem,) = problems({name: passing(), "E": passing()}, StartAt=name)[:1]
    assert (problem.code, problem.location) == ("INVALID_STATE_NAME", f"/States/{name}")


def test_names_are_unique_in_the_whole_machine():
    states = {"A": {**parallel(B=passing()), "End": False, "Next": "B"}, "B": passing()}
    assert texts(states) == ["DUPLICATE_STATE_NAME: Duplicate State name: B at /States/B"]
