"""Invalid definitions: each problem names the state and the field."""

import json

import pytest

from asl import DefinitionError, Machine
from tests.asl.machines import passing, run, task


def problems(states, **machine):
    """The problems of a machine of these states."""
    data = {"QueryLanguage": "JSONata", "StartAt": next(iter(states), "A"), "States": states, **machine}
    with pytest.raises(DefinitionError) as caught:
        Machine.load(data)
    return caught.value.problems


PROCESSOR = {"StartAt": "B", "States": {"B": passing()}}
MAP = {"Type": "Map", "ItemProcessor": PROCESSOR, "End": True}


@pytest.mark.parametrize(
    ("state", "named"),
    [
        ({"Type": "Pass", "End": True, "Foo": 1}, "'Foo'"),
        ({"Type": "Pass"}, "'Next'"),
        ({"Type": "Pass", "Next": "Z"}, "'Next'"),
        ({"Type": "Passs", "End": True}, "'Type'"),
        ({"Type": "Pass", "End": True, "InputPath": "$.a"}, "'InputPath'"),
        ({"Type": "Pass", "End": True, "Arguments": {}}, "'Arguments'"),
        ({"Type": "Pass", "End": True, "Output": {"a": ["{% 1 + %}"]}}, "'Output'"),
        ({"Type": "Pass", "End": True, "Output": {"a": ["{% $states.result %}"]}}, "'Output/a[0]'"),
        ({"Type": "Pass", "End": True, "Output": "{% phone %}"}, "'Output'"),
        ({"Type": "Pass", "End": True, "Assign": {"states": 1}}, "'Assign/states'"),
        ({"Type": "Pass", "End": True, "Assign": "{% {} %}"}, "'Assign'"),
        ({"Type": "Pass", "End": True, "QueryLanguage": "JSONPath"}, "'QueryLanguage'"),
        ({"Type": "Wait", "End": True}, "'Seconds'"),
        ({"Type": "Wait", "End": True, "Seconds": -1}, "'Seconds'"),
        ({"Type": "Wait", "End": True, "Seconds": 1.5}, "'Seconds'"),
        ({"Type": "Wait", "End": True, "Timestamp": "tomorrow"}, "'Timestamp'"),
        ({"Type": "Choice", "Choices": []}, "'Choices'"),
        ({"Type": "Choice", "Choices": [{"Condition": "true", "Next": "A"}]}, "'Choices[0]/Condition'"),
        ({"Type": "Choice", "Choices": [{"Condition": True, "Next": "Z"}]}, "'Choices[0]/Next'"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.a", "Condition": True, "Next": "A"}]},
            "'Choices[0]/Variable'",
        ),
        ({"Type": "Fail", "Error": 5}, "'Error'"),
        (task(Resource="arn:aws:states:::ecs:runTask.sync"), "'Resource'"),
        (task(Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken"), "'Resource'"),
        (task(Resource="arn:aws:states:us-east-1:000000000000:activity:a"), "'Resource'"),
        (task(Resource="nonsense"), "'Resource'"),
        ({"Type": "Task", "End": True}, "'Resource'"),
        (task(TimeoutSeconds=0), "'TimeoutSeconds'"),
        (task(TimeoutSeconds=5, HeartbeatSeconds=5), "'HeartbeatSeconds'"),
        (task(Retry=[{"ErrorEquals": ["States.ALL", "E"]}]), "'Retry[0]/ErrorEquals'"),
        (task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]), "'Retry[0]/ErrorEquals'"),
        (task(Retry=[{"ErrorEquals": []}]), "'Retry[0]/ErrorEquals'"),
        (task(Retry=[{"ErrorEquals": ["E"], "BackoffRate": 0.5}]), "'Retry[0]/BackoffRate'"),
        (task(Retry=[{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}]), "'Retry[0]/JitterStrategy'"),
        (task(Catch=[{"ErrorEquals": ["E"]}]), "'Catch[0]/Next'"),
        (task(Catch=[{"ErrorEquals": ["E"], "Next": "A", "ResultPath": "$.e"}]), "'Catch[0]/ResultPath'"),
        (
            task(Catch=[{"ErrorEquals": ["E"], "Next": "A", "Output": "{% $states.result %}"}]),
            "'Catch[0]/Output'",
        ),
        ({"Type": "Parallel", "Branches": [], "End": True}, "'Branches'"),
        ({**MAP, "ItemReader": {}}, "'ItemReader'"),
        (
            {**MAP, "ItemProcessor": {**PROCESSOR, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}},
            "Mode",
        ),
        ({**MAP, "MaxConcurrency": -1}, "'MaxConcurrency'"),
        ({**MAP, "ToleratedFailurePercentage": 101}, "'ToleratedFailurePercentage'"),
    ],
)
def test_an_invalid_state_is_reported_by_name_and_field(state, named):
    assert any("State 'A'" in problem and named in problem for problem in problems({"A": state}))


def test_all_problems_are_reported_together():
    assert len(problems({"A": {"Type": "Pass", "Next": "Z", "Foo": 1}})) == 3


def test_states_that_cannot_be_reached_are_rejected():
    assert problems({"A": passing(), "B": passing()}) == ["State 'B': cannot be reached"]


def test_a_machine_that_cannot_end_is_rejected():
    assert any("no state ends it" in problem for problem in problems({"A": passing(Next="A")}))


def test_the_first_state_must_exist():
    assert any("'StartAt'" in problem for problem in problems({"A": passing()}, StartAt="Z"))


def test_unknown_fields_of_the_machine_are_rejected():
    assert any("'Timeout'" in problem for problem in problems({"A": passing()}, Timeout=1))


def test_an_inner_scope_cannot_assign_a_variable_of_an_outer_one():
    inner = {"StartAt": "B", "States": {"B": passing(Assign={"x": 2})}}
    states = {
        "A": passing(Assign={"x": 1}, Next="P"),
        "P": {"Type": "Parallel", "Branches": [inner], "End": True},
    }
    assert any("'x' is already assigned" in problem for problem in problems(states))


INNER = {"StartAt": "B", "States": {"B": passing(Assign={"x": 2})}}
FAN = {"Type": "Parallel", "Branches": [INNER]}
X = {"x": 1}


def choosing(target, **fields):
    """A Choice between a state and the end."""
    rule = {"Condition": "{% $states.input.again %}", "Next": target, **fields}
    return {"Type": "Choice", "Choices": [rule], "Default": "E"}


@pytest.mark.parametrize(
    "states",
    [
        {"P": {**FAN, "Next": "A"}, "A": passing(Assign=X, Next="C"), "C": choosing("P"), "E": {"Type": "Succeed"}},
        {"P": {**FAN, "Assign": X, "Next": "C"}, "C": choosing("P"), "E": {"Type": "Succeed"}},
        {"C": choosing("P", Assign=X), "P": {**FAN, "End": True}, "E": {"Type": "Succeed"}},
    ],
)
def test_variables_assigned_on_any_way_into_a_state_cannot_be_assigned_inside(states):
    assert any("'x' is already assigned" in problem for problem in problems(states))


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
    Machine.load({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states})


@pytest.mark.parametrize(
    "state",
    [
        {**MAP, "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 5.5},
        {**MAP, "MaxConcurrency": 2.0, "Label": "l"},
        task(TimeoutSeconds=3.0, Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 9, "MaxDelaySeconds": 5}]),
        task(Retry=[], Catch=[], Comment="c"),
        task(Resource="arn:<partition>:lambda:<region>:111111111111:function:<name>"),
    ],
)
def test_what_aws_accepts_is_accepted(state):
    Machine.load({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}, "Version": "1.0"})


@pytest.mark.parametrize("machine", [{}, {"QueryLanguage": "JSONPath"}])
def test_jsonpath_machines_are_rejected_as_such(machine):
    data = {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.a", "End": True}}, **machine}
    with pytest.raises(DefinitionError, match="JSONPath machine"):
        Machine.load(data)


def test_a_machine_may_choose_jsonata_state_by_state():
    states = {
        "A": passing(QueryLanguage="JSONata", Output="{% 1 + 1 %}", Next="W"),
        "W": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": passing(QueryLanguage="JSONata", Output="{% $states.input + 1 %}"),
    }
    assert run(Machine.load({"StartAt": "A", "States": states})).output == 3


def test_text_that_is_not_json_is_rejected():
    with pytest.raises(DefinitionError, match="not JSON"):
        Machine.load("{")


def test_a_definition_may_be_text():
    text = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": passing(Output=1)}})
    assert run(Machine.load(text)).output == 1
