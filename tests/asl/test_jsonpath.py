"""JSONPath states in machines that also have JSONata states."""

import pytest

from asl import DefinitionError, Machine
from tests.asl.machines import LAMBDA, passing, run

LAST = {"Type": "Pass", "QueryLanguage": "JSONata", "End": True}


def mixed(**states):
    """A machine with states in JSONPath mode by default; `Last` is in JSONata."""
    return Machine.load({"StartAt": next(iter(states)), "States": {**states, "Last": LAST}})


def output_of(state, value, fakes=None):
    """The output of a JSONPath state for an input."""
    return run(mixed(A={"Next": "Last", **state}), value, fakes).output


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, {"a": {"b": [1, 2]}, "n": 3}),
        ({"InputPath": "$.a"}, {"b": [1, 2]}),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.a.b[-1]"}, 2),
        ({"OutputPath": "$['a']['b'][*]"}, [1, 2]),
        ({"OutputPath": None}, {}),
        ({"Result": 7}, 7),
        ({"Result": 7, "ResultPath": "$.x.y"}, {"a": {"b": [1, 2]}, "n": 3, "x": {"y": 7}}),
        ({"Result": 7, "ResultPath": "$.a.b[0]", "OutputPath": "$.a"}, {"b": [7, 2]}),
        ({"Result": 7, "ResultPath": None}, {"a": {"b": [1, 2]}, "n": 3}),
        ({"Parameters": {"k.$": "$.n", "l": [{"m.$": "$$.State.Name"}]}}, {"k": 3, "l": [{"m": "A"}]}),
    ],
)
def test_a_pass_state_follows_its_paths(fields, output):
    assert output_of({"Type": "Pass", **fields}, {"a": {"b": [1, 2]}, "n": 3}) == output


def test_a_task_has_parameters_a_selector_and_a_result_path():
    state = {
        "Type": "Task",
        "Resource": LAMBDA,
        "Parameters": {"id.$": "$.id"},
        "ResultSelector": {"took.$": "$.Payload.ms"},
        "ResultPath": "$.done",
    }
    assert output_of(state, {"id": 1}, {"A": [{"result": {"Payload": {"ms": 5}}}]}) == {"id": 1, "done": {"took": 5}}


def test_variables_pass_from_one_language_to_the_other():
    subject = mixed(
        A={"Type": "Pass", "Result": {"v": 1}, "Assign": {"x.$": "$.v", "y": "$.v"}, "Next": "B"},
        B=passing(QueryLanguage="JSONata", Assign={"z": "{% $x + 1 %}"}, Output=["{% $y %}"], Next="C"),
        C={"Type": "Pass", "Parameters": {"z.$": "$z", "in.$": "$[0]"}, "Next": "Last"},
    )
    assert run(subject).output == {"z": 2, "in": "$.v"}


def test_a_caught_error_goes_to_the_result_path():
    catch = [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Assign": {"e.$": "$.Error"}, "Next": "B"}]
    subject = mixed(
        A={"Type": "Task", "Resource": LAMBDA, "Catch": catch, "Next": "Last"},
        B={"Type": "Pass", "Parameters": {"e.$": "$e", "all.$": "$"}, "Next": "Last"},
    )
    error = {"Error": "E", "Cause": "c"}
    assert run(subject, {"k": 1}, {"A": [{"error": "E", "cause": "c"}]}).output == {
        "e": "E",
        "all": {"k": 1, "error": error},
    }


def test_a_map_takes_items_and_settings_from_paths():
    inner = {"StartAt": "I", "States": {"I": passing(QueryLanguage="JSONata", Output="{% $states.input.v * 2 %}")}}
    state = {
        "Type": "Map",
        "ItemsPath": "$.xs",
        "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "MaxConcurrencyPath": "$.n",
        "Iterator": inner,
        "ResultPath": "$.ys",
    }
    assert output_of(state, {"xs": [1, 2], "n": 1}) == {"xs": [1, 2], "n": 1, "ys": [2, 4]}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"Variable": "$.s", "StringEquals": "abc"}, True),
        ({"Variable": "$.s", "StringMatches": "a*c"}, True),
        ({"Variable": "$.s", "StringMatches": r"a\*c"}, False),
        ({"Variable": "$.s", "NumericEquals": 1}, False),
        ({"Variable": "$.n", "NumericGreaterThanPath": "$.m"}, True),
        ({"Variable": "$.t", "TimestampLessThan": "2030-01-01T00:00:00Z"}, True),
        ({"Variable": "$.b", "BooleanEquals": True}, True),
        ({"Variable": "$.zz", "IsPresent": False}, True),
        ({"Variable": "$.s", "IsNumeric": False}, True),
        ({"Not": {"Variable": "$.b", "BooleanEquals": True}}, False),
        ({"And": [{"Variable": "$.b", "IsBoolean": True}, {"Variable": "$.n", "NumericLessThan": 9}]}, True),
        ({"Or": [{"Variable": "$.b", "IsNull": True}, {"Variable": "$.n", "NumericLessThan": 1}]}, False),
    ],
)
def test_a_choice_compares_what_its_paths_lead_to(rule, holds):
    value = {"s": "abc", "n": 2, "m": 1, "b": True, "t": "2020-01-01T00:00:00Z"}
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    yes, no = passing(Result=True, Next="Last"), passing(Result=False, Next="Last")
    assert run(mixed(A=choice, Yes=yes, No=no), value).output is holds


def test_a_fail_and_a_wait_state_read_paths():
    subject = mixed(
        W={"Type": "Wait", "SecondsPath": "$.n", "Next": "C"},
        C={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 0, "Next": "Last"}], "Default": "F"},
        F={"Type": "Fail", "ErrorPath": "$.e", "Cause": "c"},
    )
    assert run(subject, {"n": 2, "e": "E"}).as_json() == {"status": "FAILED", "error": "E", "cause": "c"}


def test_a_payload_path_that_leads_nowhere_is_fatal():
    outcome = run(mixed(A={"Type": "Pass", "Parameters": {"k.$": "$.no"}, "Next": "Last"}), {"n": 3})
    assert outcome.error == "States.Runtime"
    assert outcome.cause == (
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONPath '$.no' specified"
        " for the field 'k.$' could not be found in the input '{\"n\":3}'"
    )


OUTPUT = "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage"
SCHEMA = "SCHEMA_VALIDATION_FAILED"
HERE = "UNSUPPORTED_BY_THIS_RUNNER"


@pytest.mark.parametrize(
    ("state", "code", "message", "place"),
    [
        ({"Type": "Pass", "Output": 1}, SCHEMA, OUTPUT, ""),
        ({"Type": "Pass", "InputPath": "nonsense"}, SCHEMA, "Value must be a valid JSONPath.", "/InputPath"),
        ({"Type": "Wait", "Timestamp": "{% $states.input.t %}"}, SCHEMA, "String does not match", "/Timestamp"),
        ({"Type": "Wait", "Seconds": "{% 1 %}"}, SCHEMA, "Expected value of type [INTEGER]", "/Seconds"),
        ({"Type": "Pass", "Parameters": {"k.$": "States.UUID()"}}, HERE, "This runner does not", "/Parameters"),
        ({"Type": "Pass", "Parameters": {"k.$": "$.a[?(@.b > 1)]"}}, HERE, "This runner does not", "/Parameters"),
    ],
)
def test_what_a_jsonpath_state_cannot_have_is_refused(state, code, message, place):
    with pytest.raises(DefinitionError) as caught:
        mixed(A={**state, "Next": "Last"})
    (problem,) = caught.value.problems
    assert problem.message.startswith(message)
    assert (problem.code, problem.location) == (code, f"/States/A{place}")
    assert caught.value.refused_by_aws == (code == SCHEMA)


def test_a_choice_without_comparison_is_refused():
    with pytest.raises(DefinitionError, match=r"exactly one comparison at /States/A/Choices\[0\]"):
        mixed(A={"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "Last"}]})
