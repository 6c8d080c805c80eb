"""Invalid definitions are refused in the words of AWS, with its code and the whole path of the field."""

import json

import pytest

from asl import DefinitionError, Machine
from tests.asl.definition.refusing import MAP, PROCESSOR, machine_of, problems, refused, texts
from tests.asl.machines import passing, run, task

SCHEMA = "SCHEMA_VALIDATION_FAILED"
ONLY_NEXT_END = "This object should have only one of the following fields: [Next, End]"


def language(field, ours="JSONata", other="JSONPath"):
    """What AWS says of a field of the other query language."""
    return (
        f"The QueryLanguage is set to '{ours}', but field '{field}' is only supported for the '{other}' QueryLanguage"
    )


ONE_STATE = [
    ({"Type": "Pass", "End": True, "Foo": 1}, "Field 'Foo' is not supported", ""),
    ({"Type": "Pass", "End": True, "Arguments": {}}, "Field 'Arguments' is not supported", ""),
    ({"Type": "Pass", "End": True, "Catch": []}, "Field 'Catch' is not supported", ""),
    ({"Type": "Pass", "End": True, "InputPath": "$.a"}, language("InputPath"), ""),
    ({"Type": "Pass"}, ONLY_NEXT_END, ""),
    ({"Type": "Pass", "End": False}, ONLY_NEXT_END, ""),
    (
        {"Type": "Pass", "End": True, "Next": "A"},
        "There should only be one of the following fields: [Next, End]",
        "",
    ),
    ({"Type": "Pass", "End": 1}, "Expected value of type [BOOLEAN]", "/End"),
    ({"End": True}, "These fields are required: [Type]", ""),
    ({"Type": 1, "End": True}, "Expected value of type [STRING]", "/Type"),
    (
        {"Type": "Pass", "QueryLanguage": "JSONPath", "Output": 1, "End": True},
        "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
        "",
    ),
    (
        {"Type": "Pass", "QueryLanguage": "jsonata", "Output": "{% 1 %}", "End": True},
        "Value should be one of the following: [JSONPath, JSONata]",
        "/QueryLanguage",
    ),
    (
        {"Type": "Wait", "End": True},
        "This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
        "",
    ),
    (
        {"Type": "Wait", "End": True, "Seconds": 1, "Timestamp": "2026-01-31T12:00:00Z"},
        "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
        "",
    ),
    ({"Type": "Wait", "End": True, "Seconds": -1}, "Minimum value is 0", "/Seconds"),
    ({"Type": "Wait", "End": True, "Seconds": 10**9}, "Maximum value is 99999999", "/Seconds"),
    ({"Type": "Wait", "End": True, "Seconds": 1.5}, "Expected value of type [INTEGER]", "/Seconds"),
    ({"Type": "Wait", "End": True, "Timestamp": "tomorrow"}, "String does not match RFC3339 timestamp", "/Timestamp"),
    (
        {"Type": "Choice", "Choices": [{"Condition": "true", "Next": "A"}], "Default": "A"},
        "Value must be an expression or a boolean",
        "/Choices[0]/Condition",
    ),
    (
        {"Type": "Choice", "Choices": [{"Condition": True}], "Default": "A"},
        "These fields are required: [Next]",
        "/Choices[0]",
    ),
    (
        {"Type": "Choice", "Choices": [{"Variable": "$.a", "Condition": True, "Next": "A"}]},
        language("Variable"),
        "/Choices[0]",
    ),
    ({"Type": "Choice", "Choices": []}, "Value cannot be empty", "/Choices"),
    ({"Type": "Fail", "Error": 5}, "Expected value of type [STRING]", "/Error"),
    ({"Type": "Task", "End": True}, "These fields are required: [Resource]", ""),
    (task(TimeoutSeconds=0), "Minimum value is 1", "/TimeoutSeconds"),
    (
        task(TimeoutSeconds=5, HeartbeatSeconds=5),
        "HeartbeatSeconds must be smaller than TimeoutSeconds",
        "/HeartbeatSeconds",
    ),
    (task(Credentials={}), "The field 'RoleArn' is required but was missing", "/Credentials"),
    (task(Retry={}), "Expected value of type [ARRAY]", "/Retry"),
    (task(Retry=[1]), "Expected value of type [OBJECT]", "/Retry[0]"),
    (task(Retry=[{}]), "These fields are required: [ErrorEquals]", "/Retry[0]"),
    (
        task(Retry=[{"ErrorEquals": ["States.ALL", "E"]}]),
        "States.ALL must appear alone and at end of list",
        "/Retry[0]/ErrorEquals",
    ),
    (
        task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]),
        "States.ALL must appear alone and at end of list",
        "/Retry[0]/ErrorEquals",
    ),
    (task(Retry=[{"ErrorEquals": []}]), "Value cannot be empty", "/Retry[0]/ErrorEquals"),
    (task(Retry=[{"ErrorEquals": [1]}]), "Expected value of type [STRING]", "/Retry[0]/ErrorEquals[0]"),
    (task(Retry=[{"ErrorEquals": ["E"], "BackoffRate": 0.5}]), "Minimum value is 1", "/Retry[0]/BackoffRate"),
    (
        task(Retry=[{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}]),
        "Value should be one of the following: [NONE, FULL]",
        "/Retry[0]/JitterStrategy",
    ),
    (task(Catch=[{"ErrorEquals": ["E"]}]), "These fields are required: [Next]", "/Catch[0]"),
    (
        task(Catch=[{"ErrorEquals": ["E"], "Next": "A", "ResultPath": "$.e"}]),
        language("ResultPath"),
        "/Catch[0]",
    ),
    ({"Type": "Parallel", "Branches": [], "End": True}, "Value cannot be empty", "/Branches"),
    ({"Type": "Parallel", "End": True}, "These fields are required: [Branches]", ""),
    (
        {"Type": "Parallel", "Branches": [{}], "End": True},
        "These fields are required: [States, StartAt]",
        "/Branches[0]",
    ),
    (
        {"Type": "Parallel", "Branches": [{**PROCESSOR, "QueryLanguage": "JSONata"}], "End": True},
        "Field 'QueryLanguage' is not supported",
        "/Branches[0]",
    ),
    (
        {"Type": "Map", "End": True},
        "This object should have only one of the following fields: [ItemProcessor, Iterator]",
        "",
    ),
    (
        {**MAP, "ItemProcessor": {**PROCESSOR, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}},
        "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
        "/ItemProcessor/ProcessorConfig/Mode",
    ),
    (
        {**MAP, "ItemProcessor": {**PROCESSOR, "ProcessorConfig": {"Mode": "OTHER"}}},
        "Value should be one of the following: [INLINE, DISTRIBUTED]",
        "/ItemProcessor/ProcessorConfig/Mode",
    ),
    ({**MAP, "MaxConcurrency": -1}, "Minimum value is 0", "/MaxConcurrency"),
    ({**MAP, "ToleratedFailurePercentage": 101}, "Maximum value is 100", "/ToleratedFailurePercentage"),
]


@pytest.mark.parametrize(("state", "message", "place"), ONE_STATE)
def test_a_refused_field_is_named_in_the_words_of_aws_with_its_whole_path(state, message, place):
    assert f"{SCHEMA}: {message} at /States/A{place}" in texts({"A": state})


def test_a_type_of_state_that_does_not_exist_is_refused():
    (problem,) = problems({"A": {"Type": "Passs", "End": True}})
    assert (problem.code, problem.location) == (SCHEMA, "/States/A/Type")


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"),
        ({"StartAt": "A"}, "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"),
        (" ", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"),
        ("[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"),
    ],
)
def test_the_text_of_a_refusal_is_what_create_state_machine_answers(definition, text):
    error = refused(definition)
    assert (error.code, str(error)) == ("InvalidDefinition", f"Invalid State Machine Definition: '{text}'")
    assert error.refused_by_aws


def test_text_that_is_not_json_is_refused():
    (problem,) = refused("{").problems
    assert problem.code == "INVALID_JSON_DESCRIPTION"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Timeout": 1}, "Field 'Timeout' is not supported at /"),
        ({"Version": "2.0"}, "Value should be one of the following: [1.0] at /Version"),
        ({"QueryLanguage": "jsonata"}, "Value should be one of the following: [JSONPath, JSONata] at /QueryLanguage"),
        ({"QueryLanguage": 5}, "Expected value of type [STRING] at /QueryLanguage"),
        ({"TimeoutSeconds": 0}, "Minimum value is 1 at /TimeoutSeconds"),
        ({"States": []}, "Expected value of type [OBJECT] at /States"),
        ({"States": {"A": 1}}, "Expected value of type [OBJECT] at /States/A"),
        ({"States": {}}, "Value cannot be empty at /States"),
    ],
)
def test_a_refused_field_of_the_machine_itself_has_a_path_without_a_state(fields, text):
    assert f"{SCHEMA}: {text}" in texts({"A": passing()}, **fields)


@pytest.mark.parametrize(
    ("state", "code", "message", "place"),
    [
        (passing(Output={"v": "{% phone[1,2) %}"}), "INVALID", 'Expected "]", got ","', "Output/v"),
        (passing(Output="{% 1 + %}"), "INVALID", "Unexpected end of expression", "Output"),
        (passing(Output="{% !a %}"), "INVALID", 'Unknown operator: "!"', "Output"),
        (passing(Output={"a": {"b": ["{% phone %}"]}}), "UNSUPPORTED", "phone", "Output/a/b[0]"),
        (passing(Output="{% $.phone %}"), "UNSUPPORTED", "$", "Output"),
        (passing(Output="{% $$ %}"), "UNSUPPORTED", "$$", "Output"),
        (passing(Assign={"Next": "{% phone %}"}), "UNSUPPORTED", "phone", "Assign/Next"),
        (
            task(Catch=[{"ErrorEquals": ["E"], "Next": "A", "Output": {"v": "{% phone %}"}}]),
            "UNSUPPORTED",
            "phone",
            "Catch[0]/Output/v",
        ),
    ],
)
def test_expressions_are_parsed_when_the_machine_is_made(state, code, message, place):
    told = message if code == "INVALID" else f"Reference to '{message}' at the top level is not supported."
    assert texts({"A": state}) == [f"{code}_JSONATA_EXPRESSION: {told} at /States/A/{place}"]


def test_every_invalid_expression_of_a_field_is_reported_and_every_name_once():
    output = ["{% aaa + bbb + aaa %}", "{% 1 + %}", {"c": "{% 2 + %}"}]
    places = [(problem.code[:7], problem.location) for problem in problems({"A": passing(Output=output)})]
    assert places == [("INVALID", "/States/A/Output[1]"), ("INVALID", "/States/A/Output[2]/c")]
    named = [problem.message for problem in problems({"A": passing(Output=output[0])})]
    assert named == [f"Reference to '{name}' at the top level is not supported." for name in ("aaa", "bbb")]


@pytest.mark.parametrize(
    ("state", "place"),
    [
        (passing(Output={"a": ["{% $states.result %}"]}), "Output/a[0]"),
        (task(Catch=[{"ErrorEquals": ["E"], "Next": "A", "Output": "{% $states.result %}"}]), "Catch[0]/Output"),
    ],
)
def test_members_of_states_that_a_field_does_not_have_are_refused(state, place):
    (problem,) = problems({"A": state})
    assert (problem.code, problem.location) == ("UNSUPPORTED_JSONATA_EXPRESSION", f"/States/A/{place}")


@pytest.mark.parametrize(
    "state",
    [
        {**MAP, "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 5.5},
        {**MAP, "MaxConcurrency": 2.0, "Label": "l"},
        {**MAP, "ItemProcessor": {**PROCESSOR, "ProcessorConfig": {"Mode": "INLINE"}, "Comment": "c"}},
        passing(Output="{% $states.input.items[phone > 3] %}"),
        passing(Output="{% $map($states.input.a, function($x){ $x.phone }) %}"),
        passing(Output="{% $phone %}", Comment="{% phone %}"),
        task(TimeoutSeconds=3.0, Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 9, "MaxDelaySeconds": 5}]),
        task(Retry=[{"ErrorEquals": ["{% phone %}"]}], Catch=[], Comment="c"),
        task(Credentials={"RoleArn": "{% $states.input.role %}"}),
        task(Credentials="{% $states.input.credentials %}"),
    ],
)
def test_what_aws_accepts_is_accepted(state):
    Machine.load(machine_of({"A": state}, Version="1.0"))


@pytest.mark.parametrize("machine", [{}, {"QueryLanguage": "JSONPath"}])
def test_jsonpath_machines_are_refused_by_this_runner_but_not_by_aws(machine):
    error = refused({"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.a", "End": True}}, **machine})
    assert [problem.code for problem in error.problems] == ["UNSUPPORTED_BY_THIS_RUNNER"]
    assert not error.refused_by_aws


def test_a_map_with_fields_of_a_distributed_one_is_refused_by_this_runner_but_not_by_aws():
    error = refused(machine_of({"A": {**MAP, "ItemReader": {}}}))
    assert [problem.location for problem in error.problems] == ["/States/A"]
    assert not error.refused_by_aws


def test_a_machine_may_choose_jsonata_state_by_state():
    states = {
        "A": passing(QueryLanguage="JSONata", Output="{% 1 + 1 %}", Next="W"),
        "W": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": passing(QueryLanguage="JSONata", Output="{% $states.input + 1 %}"),
    }
    assert run(Machine.load({"StartAt": "A", "States": states})).output == 3


def test_a_definition_may_be_text():
    text = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": passing(Output=1)}})
    assert run(Machine.load(text)).output == 1


def test_a_refusal_is_a_value_error():
    with pytest.raises(ValueError, match="Invalid State Machine Definition"):
        Machine.load("{}")
    assert issubclass(DefinitionError, ValueError)
