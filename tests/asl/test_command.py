"""The command line."""

import json
import re

import pytest

from asl.cli import main
from tests.asl.machines import UUID, passing, task


@pytest.fixture
def command(tmp_path, capsys):
    """Run the command with these documents. Returns exit status, standard output as JSON, and standard error."""

    def run(states, value="{}", *options, fakes=None):
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states), "A"), "States": states}
        (tmp_path / "m.asl.json").write_text(json.dumps(definition))
        (tmp_path / "input.json").write_text(value)
        if fakes is not None:
            (tmp_path / "fakes.json").write_text(json.dumps(fakes))
            options = ("--fake", str(tmp_path / "fakes.json"), *options)
        status = main([str(tmp_path / "m.asl.json"), str(tmp_path / "input.json"), *options])
        printed = capsys.readouterr()
        return status, json.loads(printed.out) if printed.out else None, printed.err

    return run


def test_it_prints_status_and_output(command):
    assert command({"A": passing()}, '{"a": "é"}')[:2] == (0, {"status": "SUCCEEDED", "output": {"a": "é"}})


def test_it_prints_the_error_and_still_exits_with_zero(command):
    assert command({"A": {"Type": "Fail", "Error": "E"}})[:2] == (0, {"status": "FAILED", "error": "E"})


def test_fakes_serve_attempt_by_attempt_and_take_no_time(command):
    fakes = {"T": [{"error": "E"}, {"result": {"Payload": 5}}]}
    states = {"T": task(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 200}])}
    assert command(states, fakes=fakes)[1] == {"status": "SUCCEEDED", "output": {"Payload": 5}}


def test_the_last_fake_repeats_across_visits(command):
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input = 3 %}", "Next": "E"}],
        "Default": "T",
    }
    states = {"T": task(Next="C"), "C": choice, "E": passing()}
    assert command(states, fakes={"T": [{"result": 1}, {"result": 2}, {"result": 3}]})[1]["output"] == 3


def test_a_missing_fake_is_reported(command):
    status, printed, message = command({"T": task()}, fakes={})
    assert (status, printed) == (2, None)
    assert "'T'" in message


@pytest.mark.parametrize("value", ["{", "NaN", ""])
def test_input_that_is_not_json_is_rejected(command, value):
    status, printed, message = command({"A": passing()}, value)
    assert (status, printed) == (2, None)
    assert "is not JSON" in message


def test_the_problems_of_an_invalid_definition_are_printed(command):
    status, printed, message = command({"A": {"Type": "Pass", "Next": "Z"}})
    assert (status, printed) == (2, None)
    assert message.splitlines()[0].endswith("m.asl.json: InvalidDefinition")
    assert "  MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/A/Next\n" in message
    assert "one state needs 'End': true" in message, "a way out in our own words"


def test_a_missing_file_is_reported(tmp_path, capsys):
    assert main([str(tmp_path / "no"), str(tmp_path / "no")]) == 2
    assert "no" in capsys.readouterr().err


def test_the_name_of_the_execution_can_be_given(command):
    printed = command({"A": passing(Output="{% $states.context.Execution.Name %}")}, "{}", "--name", "mine")[1]
    assert printed["output"] == "mine"


def test_the_arn_of_an_execution_has_machine_name_and_a_uuid_as_on_aws(command):
    states = {"A": passing(Output="{% $states.context.Execution.Id %}")}
    ours, theirs = (command(states, "{}", "--name", "mine", "--region", "eu-west-1")[1]["output"] for _ in range(2))
    assert re.fullmatch(rf"arn:aws:states:eu-west-1:000000000000:express:m:mine:{UUID}", ours)
    assert ours != theirs


def test_a_seed_makes_random_values_repeat(command):
    states = {"A": passing(Output=["{% $random() %}", "{% $uuid() %}"])}
    assert command(states, "{}", "--seed", "4") == command(states, "{}", "--seed", "4")


def test_the_history_goes_to_standard_error(command):
    lines = command({"A": passing()}, "{}", "--history")[2].splitlines()
    assert json.loads(lines[0])["type"] == "ExecutionStarted"
