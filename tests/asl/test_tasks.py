"""Tasks: arguments and results, retrying and catching, and time."""

import pytest

from tests.asl.machines import machine, passing, run, seconds_taken, task

CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]


def caught(names, **fields):
    """A machine whose task has one catcher for these errors."""
    return machine(T=task(Catch=[{"ErrorEquals": names, "Next": "Caught"}], **fields), Caught=passing())


def test_a_result_is_the_output_unless_there_is_an_output_field():
    assert run(machine(T=task()), fakes={"T": [{"result": {"Payload": 1}}]}).output == {"Payload": 1}
    subject = machine(T=task(Output="{% $states.result.Payload + $states.input.n %}"))
    assert run(subject, {"n": 2}, {"T": [{"result": {"Payload": 1}}]}).output == 3


def test_an_uncaught_error_ends_the_execution_with_its_name_and_cause():
    outcome = run(machine(T=task()), fakes={"T": [{"error": "Boom", "cause": "it did"}]})
    assert outcome.as_json() == {"status": "FAILED", "error": "Boom", "cause": "it did"}


def test_a_caught_error_becomes_the_output():
    outcome = run(caught(["Boom"]), fakes={"T": [{"error": "Boom", "cause": "it did"}]})
    assert outcome.output == {"Error": "Boom", "Cause": "it did"}


def test_a_caught_error_without_cause_has_an_empty_one():
    assert run(caught(["Boom"]), fakes={"T": [{"error": "Boom"}]}).output == {"Error": "Boom", "Cause": ""}


def test_a_catcher_shapes_output_and_variables_from_the_error():
    catch = [{
        "ErrorEquals": ["States.ALL"], "Next": "Caught", "Assign": {"e": "{% $states.errorOutput %}"},
        "Output": {"id": "{% $states.input.id %}"},
    }]  # fmt: skip
    subject = machine(T=task(Catch=catch), Caught=passing(Output=["{% $states.input.id %}", "{% $e.Error %}"]))
    assert run(subject, {"id": 7}, {"T": [{"error": "Boom", "cause": "x"}]}).output == [7, "Boom"]


@pytest.mark.parametrize("name", ["States.ALL", "States.TaskFailed"])
def test_wildcards_cover_the_errors_of_tasks(name):
    assert run(caught([name]), fakes={"T": [{"error": "Boom", "cause": ""}]}).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("name", "covered"), [("States.ALL", True), ("States.Timeout", True), ("States.TaskFailed", False)]
)
def test_task_failed_does_not_cover_timeouts(name, covered):
    outcome = run(caught([name], TimeoutSeconds=5), fakes={"T": [{"result": 1, "seconds": 9}]})
    assert (outcome.status == "SUCCEEDED") is covered


@pytest.mark.parametrize("name", ["States.ALL", "States.TaskFailed", "States.DataLimitExceeded"])
def test_a_result_that_is_too_large_fails_the_task_like_any_error(name):
    outcome = run(caught([name]), fakes={"T": [{"result": "x" * 262_143}]})
    assert outcome.output["Cause"].startswith("The state/task 'lambda' returned a result with a size exceeding")


@pytest.mark.parametrize(("name", "covered"), [("States.ALL", False), ("States.DataLimitExceeded", True)])
def test_an_output_that_is_too_large_is_caught_by_its_name_only(name, covered):
    subject = caught([name], Output="{% $pad('x', 262143) %}")
    assert (run(subject, fakes={"T": [{"result": 1}]}).status == "SUCCEEDED") is covered


@pytest.mark.parametrize(("name", "covered"), [("States.ALL", True), ("States.TaskFailed", False)])
@pytest.mark.parametrize("field", ["Arguments", "Output"])
def test_task_failed_does_not_cover_expressions_that_fail(field, name, covered):
    outcome = run(caught([name], **{field: "{% $nothing %}"}), fakes={"T": [{"result": 1}]})
    assert (outcome.status == "SUCCEEDED") is covered


def test_expressions_that_fail_in_a_task_can_be_caught_with_their_full_cause():
    outcome = run(caught(["States.QueryEvaluationError"], Arguments={"Payload": "{% $states.input.no %}"}))
    assert outcome.output == {
        "Error": "States.QueryEvaluationError",
        "Cause": "An error occurred while executing the state 'T' (entered at the event id #2). The JSONata"
        " expression '$states.input.no' specified for the field 'Arguments/Payload' returned"
        " nothing (undefined).",
    }


def test_a_timeout_has_no_cause():
    outcome = run(machine(T=task(TimeoutSeconds="{% 2 + 3 %}")), fakes={"T": [{"result": 1, "seconds": 9}]})
    assert outcome.as_json() == {"status": "FAILED", "error": "States.Timeout"}


@pytest.mark.parametrize(
    ("seconds", "ending"),
    [
        ("1.6", "The TimeoutSeconds field cannot be parsed as an integer: 1.6"),
        ("-1", "TimeoutSeconds must be between 0 and 99999999 but was: -1"),
    ],
)
def test_a_timeout_must_be_a_whole_number_within_bounds(seconds, ending):
    assert str(run(machine(T=task(TimeoutSeconds="{% " + seconds + " %}"))).cause).endswith(ending)


RETRY = {"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3}


def fails(times):
    """Fakes of a task that fails this many times and then succeeds."""
    return {"T": [{"error": "E", "cause": ""}] * times + [{"result": "done"}]}


def test_retries_back_off_exponentially():
    assert seconds_taken(machine(T=task(Retry=[RETRY])), fails(3)) == 2 + 6 + 18


def test_a_delay_has_a_ceiling():
    assert seconds_taken(machine(T=task(Retry=[{**RETRY, "MaxDelaySeconds": 5}])), fails(3)) == 2 + 5 + 5


def test_full_jitter_draws_each_delay_from_zero_to_the_whole():
    spent = seconds_taken(machine(T=task(Retry=[{**RETRY, "JitterStrategy": "FULL"}])), fails(3))
    assert 0 < spent < 26


def test_three_retries_are_the_default():
    assert run(machine(T=task(Retry=[RETRY])), fakes=fails(3)).output == "done"
    assert run(machine(T=task(Retry=[RETRY])), fakes=fails(4)).error == "E"


def test_zero_attempts_mean_no_retry():
    assert run(machine(T=task(Retry=[{**RETRY, "MaxAttempts": 0}])), fakes=fails(1)).error == "E"


def test_each_retrier_counts_for_itself():
    retry = [{**RETRY, "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    fakes = {"T": [{"error": "E", "cause": ""}, {"error": "F", "cause": ""}, {"result": 1}]}
    assert run(machine(T=task(Retry=retry)), fakes=fakes).output == 1
    fakes["T"].insert(0, {"error": "E", "cause": ""})
    assert run(machine(T=task(Retry=retry)), fakes=fakes).error == "E"


def test_catching_comes_after_retrying():
    subject = machine(T=task(Retry=[{**RETRY, "MaxAttempts": 1}], Catch=CATCH), Caught=passing())
    assert run(subject, fakes=fails(2)).output == {"Error": "E", "Cause": ""}


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"])
def test_a_heartbeat_that_is_due_first_is_a_timeout_with_two_names(name):
    subject = caught([name], TimeoutSeconds=9, HeartbeatSeconds=3)
    assert run(subject, fakes={"T": [{"result": 1, "seconds": 5}]}).output == {"Error": "States.Timeout", "Cause": ""}


def test_a_timeout_is_not_a_missed_heartbeat():
    outcome = run(caught(["States.HeartbeatTimeout"], TimeoutSeconds=3), fakes={"T": [{"result": 1, "seconds": 5}]})
    assert outcome.as_json() == {"status": "FAILED", "error": "States.Timeout"}
