"""What each type of state makes of its input, its fields and its variables."""

import re

import pytest

from asl import ExecutionContext
from tests.asl.machines import START, UUID, history_of, machine, passing, run, seconds_taken, shape_of, task


def test_a_pass_state_without_output_passes_on_its_input():
    assert run(machine(Do=passing()), {"a": [1, None]}).output == {"a": [1, None]}


def test_an_output_may_be_any_json_with_expressions_anywhere_in_it():
    output = {"sum": "{% $states.input.a + 1 %}", "list": [1, "{% $states.input.a %}"], "text": " {% no %}"}
    assert run(machine(Do=passing(Output=output)), {"a": 2}).output == {
        "sum": 3,
        "list": [1, 2],
        "text": " {% no %}",
    }


def test_an_empty_string_is_an_output():
    assert run(machine(Do=passing(Output="")), {"a": 2}).output == ""


def test_assigned_variables_appear_in_the_next_state_and_not_before():
    subject = machine(
        A=passing(Assign={"x": 5}, Next="B"),
        B=passing(Assign={"x": 42, "old": "{% $x %}"}, Output="{% $x %}", Next="C"),
        C=passing(Output={"x": "{% $x %}", "old": "{% $old %}", "seen": "{% $states.input %}"}),
    )
    assert run(subject).output == {"x": 42, "old": 5, "seen": 5}


def test_the_context_object_describes_execution_state_and_machine():
    context = run(machine(Do=passing(Output="{% $states.context %}")), {"a": 1}).output
    assert re.fullmatch(rf"arn:aws:states:us-east-1:000000000000:express:m:run:{UUID}", context["Execution"].pop("Id"))
    assert context["Execution"] == {
        "Input": {"a": 1},
        "Name": "run",
        "RoleArn": "arn:aws:iam::000000000000:role/express",
        "StartTime": "2027-01-15T08:00:00.000Z",
    }
    assert context["State"] == {"Name": "Do", "EnteredTime": "2027-01-15T08:00:00.000Z"}
    assert context["StateMachine"]["Name"] == "m"


def test_a_synchronous_express_execution_knows_no_redrive_count():
    assert run(machine(Do=passing(Output="{% $exists($states.context.Execution.RedriveCount) %}"))).output is False


def test_executions_of_the_same_name_have_different_arns():
    one, two = (ExecutionContext(machine_name="m", name="run") for _ in range(2))
    assert one.execution_id == one.execution_id
    assert one.execution_id != two.execution_id


def test_a_task_sees_its_retry_count():
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]
    subject = machine(T=task(Retry=retry, Output="{% $states.context.State.RetryCount %}"))
    assert run(subject, fakes={"T": [{"error": "E"}, {"error": "E"}, {"result": 1}]}).output == 2


CHOICE = {
    "Type": "Choice",
    "Choices": [
        {"Condition": "{% $states.input.n > 10 %}", "Next": "End", "Output": "many", "Assign": {"v": "rule"}},
        {"Condition": "{% $states.input.n > 5 %}", "Next": "End"},
    ],
    "Default": "End",
    "Output": "few",
    "Assign": {"v": "default"},
}


@pytest.mark.parametrize(("n", "seen"), [(11, "many"), (6, {"n": 6}), (1, "few")])
def test_a_choice_takes_output_from_the_rule_that_matched_or_from_the_state_on_default(n, seen):
    assert run(machine(C=CHOICE, End=passing()), {"n": n}).output == seen


def test_a_choice_assigns_for_the_rule_that_matched():
    assert run(machine(C=CHOICE, End=passing(Output="{% $v %}")), {"n": 11}).output == "rule"


def test_a_choice_without_match_and_default_is_a_fatal_failure():
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Z"}]}
    inner = {"StartAt": "C", "States": {"C": choice, "Z": passing()}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "End"}]
    outcome = run(machine(P={"Type": "Parallel", "Branches": [inner], "Catch": catch, "Next": "End"}, End=passing()))
    assert outcome.error == "States.Runtime"
    assert outcome.cause == (
        "An error occurred while executing the state 'C' (entered at the event id #4). Failed to transition"
        " out of the state. The state does not point to a next state."
    )


def test_a_condition_must_be_a_boolean():
    rules = [{"Condition": False, "Next": "End"}, {"Condition": "{% 'yes' %}", "Next": "End"}]
    outcome = run(machine(C={"Type": "Choice", "Choices": rules}, End=passing()))
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.cause is not None
    assert outcome.cause.endswith(
        "The JSONata expression ''yes'' specified for the field 'Choices[1]/Condition' returned an unexpected"
        " result type. Expected 'boolean', but was 'string' for value: \"yes\""
    )


@pytest.mark.parametrize("fields", [{}, {"Error": "E"}, {"Cause": "c"}, {"Error": "", "Cause": ""}])
def test_absent_fields_of_a_fail_state_stay_absent_and_empty_ones_stay_empty(fields):
    expected = {"status": "FAILED", **{name.lower(): value for name, value in fields.items()}}
    assert run(machine(F={"Type": "Fail", **fields})).as_json() == expected


def test_the_error_of_a_fail_state_must_be_a_string():
    outcome = run(machine(F={"Type": "Fail", "Error": "{% 5 %}"}))
    assert outcome.error == "States.QueryEvaluationError"
    assert "field 'Error' returned an unexpected result type. Expected 'string', but was 'number'" in str(
        outcome.cause
    )


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ({"Seconds": 30}, 30),
        ({"Seconds": "{% 10 * 2 %}"}, 20),
        ({"Timestamp": "2027-01-15T08:01:00Z"}, 60),
        ({"Timestamp": "{% '2027-01-15T09:01:00.5+01:00' %}"}, 60.5),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, 0),
    ],
)
def test_a_wait_state_waits_for_seconds_or_until_a_timestamp(wait, seconds):
    assert seconds_taken(machine(W={"Type": "Wait", **wait, "End": True})) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("seconds", "ending"),
    [
        ("'3'", "Expected 'number', but was 'string' for value: \"3\""),
        ("1.5", "The Seconds field cannot be parsed as an integer: 1.5"),
        ("-1", "Seconds must be between 0 and 99999999 but was: -1"),
    ],
)
def test_the_seconds_of_a_wait_state_must_be_a_whole_number_within_bounds(seconds, ending):
    outcome = run(machine(W={"Type": "Wait", "Seconds": "{% " + seconds + " %}", "End": True}))
    assert outcome.error == "States.QueryEvaluationError"
    assert str(outcome.cause).endswith(ending)


def test_the_timestamp_of_a_wait_state_must_have_a_time_zone():
    outcome = run(machine(W={"Type": "Wait", "Timestamp": "{% '2027-01-15T08:01:00' %}", "End": True}))
    assert outcome.as_json() == {
        "status": "FAILED",
        "error": "States.QueryEvaluationError",
        "cause": "An error occurred while executing the state 'W' (entered at the event id #2). The Timestamp field"
        " cannot be parsed as an ISO-8601 extended offset date-time format string: 2027-01-15T08:01:00",
    }


@pytest.mark.parametrize("text", ["2020-01-01T00:00Z", "2020-01-01t00:00:00z", "2020-01-01T00:00:00.123456789+09:00"])
def test_a_wait_state_accepts_more_formats_from_expressions(text):
    assert run(machine(W={"Type": "Wait", "Timestamp": "{% $states.input %}", "End": True}), text).output == text


def test_seconds_from_an_expression_have_no_upper_bound():
    subject = machine(W={"Type": "Wait", "Seconds": "{% 100000000 %}", "End": True})
    assert run(subject).status == "TIMED_OUT"


def test_a_state_that_fails_immediately_is_skipped_in_the_chain_of_events():
    events = history_of(machine(A=passing(Next="B"), B=passing(Output="{% $nothing %}")))
    assert shape_of(events)[3:] == [(4, "PassStateEntered", 3), (5, "EvaluationFailed", 3), (6, "ExecutionFailed", 5)]


def test_a_machine_that_runs_out_of_time_times_out_without_a_cause():
    subject = machine(W={"Type": "Wait", "Seconds": 20, "End": True}, timeout=10)
    assert run(subject).as_json() == {"status": "TIMED_OUT", "error": "States.Timeout"}


def test_no_express_execution_outlives_five_minutes():
    assert run(machine(W={"Type": "Wait", "Seconds": 301, "End": True})).status == "TIMED_OUT"


@pytest.mark.check
@pytest.mark.nightly
def test_a_loop_that_never_waits_ends_even_on_virtual_time():
    loop = {"Type": "Choice", "Choices": [{"Condition": "{% $exists($x) %}", "Next": "C"}], "Default": "A"}
    assert run(machine(A=passing(Next="B"), B=loop, C=passing())).status == "TIMED_OUT"


def test_time_passes_between_states():
    subject = machine(
        A=passing(Assign={"t": "{% $millis() %}"}, Next="W"),
        W={"Type": "Wait", "Seconds": 2, "Output": "{% $millis() - $t %}", "End": True},
    )
    assert run(subject).output == 2000
    assert START == 1_800_000_000


def test_output_beyond_256_kib_fails_with_the_name_of_the_state():
    outcome = run(machine(Big=passing(Output="{% $pad('', 262143, 'x') %}")))
    assert outcome.error == "States.DataLimitExceeded"
    assert outcome.cause == (
        "The state/task 'Big' returned a result with a size exceeding the maximum number of bytes service limit."
    )


def test_output_of_exactly_256_kib_passes():
    assert run(machine(Big=passing(Output="{% $pad('', 262142, 'x') %}"))).status == "SUCCEEDED"
