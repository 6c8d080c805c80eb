"""A variable of an outer scope can be read inside a Map or Parallel, but not assigned."""

import pytest

from asl import Machine
from tests.asl.definition.refusing import machine_of, texts
from tests.asl.machines import passing

INNER = {"StartAt": "B", "States": {"B": passing(Assign={"x": 2})}}
FAN = {"Type": "Parallel", "Branches": [INNER]}
EACH = {"Type": "Map", "ItemProcessor": INNER, "End": True}
X = {"x": 1}


def choosing(target, **fields):
    """A Choice between a state and the end."""
    rule = {"Condition": "{% $states.input.again %}", "Next": target, **fields}
    return {"Type": "Choice", "Choices": [rule], "Default": "E"}


@pytest.mark.parametrize(
    "states",
    [
        {"A": passing(Assign=X, Next="P"), "P": {**FAN, "End": True}},
        {"P": {**FAN, "Next": "A"}, "A": passing(Assign=X, Next="C"), "C": choosing("P"), "E": {"Type": "Succeed"}},
        {"P": {**FAN, "Assign": X, "Next": "C"}, "C": choosing("P"), "E": {"Type": "Succeed"}},
        {"C": choosing("P", Assign=X), "P": {**FAN, "End": True}, "E": {"Type": "Succeed"}},
    ],
)
def test_variables_assigned_on_any_way_into_a_state_cannot_be_assigned_inside(states):
    (text,) = texts(states)
    assert "'x' is already assigned in an outer scope" in text
    assert text.endswith(" at /States/P/Branches[0]/States/B/Assign/x")


@pytest.mark.parametrize("field", ["ItemProcessor", "Iterator"])
def test_the_states_of_a_map_cannot_assign_them_either(field):
    each = {"Type": "Map", field: INNER, "End": True}
    (text,) = texts({"A": passing(Assign=X, Next="M"), "M": each})
    assert text.endswith(f" at /States/M/{field}/States/B/Assign/x")


@pytest.mark.parametrize(
    "states",
    [
        {"P": {**FAN, "Next": "A"}, "A": passing(Assign=X)},
        {"P": {**FAN, "Assign": X, "End": True}},
        {
            "P": {**FAN, "End": True, "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": X, "Next": "E"}]},
            "E": {"Type": "Succeed"},
        },
        {"C": {**choosing("P"), "Assign": X}, "P": {**FAN, "End": True}, "E": {"Type": "Succeed"}},
        {"P": {**FAN, "Branches": [INNER, {"StartAt": "D", "States": {"D": passing(Assign=X)}}], "End": True}},
    ],
)
def test_variables_assigned_elsewhere_can_be_assigned_inside(states):
    Machine.load(machine_of(states))


@pytest.mark.parametrize(
    ("assign", "place"),
    [({"states": 1}, "/Assign/states"), ({"1a": 1}, "/Assign/1a"), ("{% {} %}", "/Assign")],
)
def test_what_cannot_be_assigned_is_refused(assign, place):
    (text,) = texts({"A": passing(Assign=assign)})
    assert text.startswith("SCHEMA_VALIDATION_FAILED: ")
    assert text.endswith(f" at /States/A{place}")
