"""What a stage says about a machine, and which of its definitions an execution ran."""

import json
from collections.abc import Mapping

import pytest

from taskline.console.executions.definition import DefinitionUnreadable, parse
from taskline.console.executions.setup import choose, describe, fits, machine_arn
from tests.steering.console.executions.recordings import ARN, PATHS, each, fan, machine_of, record, recorded, shipped

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:tasks"
PASS = {"Type": "Pass", "End": True}


class States:
    """Step Functions with a current definition and published versions, the newest first."""

    def __init__(self, current, *versions, logging=None):
        self.definitions = {MACHINE: current} | {f"{MACHINE}:{number}": text for number, text in versions}
        self.versions = [number for number, _ in versions]
        self.logging = logging

    def describe_state_machine(self, **request):
        return {"definition": self.definitions[request["stateMachineArn"]], "loggingConfiguration": self.logging}

    def list_state_machine_versions(self, **request):
        listed = [{"stateMachineVersionArn": f"{request['stateMachineArn']}:{number}"} for number in self.versions]
        return {"stateMachineVersions": listed}

    def get_execution_history(self, **request) -> Mapping[str, object]:
        raise AssertionError("Step Functions keeps no history of an Express execution")


def logging(level="ALL", data=True):
    group = {"logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/x:*"}
    return {"level": level, "includeExecutionData": data, "destinations": [{"cloudWatchLogsLogGroup": group}]}


def test_the_machine_is_named_by_the_execution():
    assert machine_arn(ARN) == MACHINE


NONE = ["", "run", MACHINE, "arn:aws:lambda:r:a:express:m:n", "aws:states:us-east-1:000000000000:express:tasks:run:1"]


@pytest.mark.parametrize("arn", NONE)
def test_what_is_no_execution_is_refused_by_name(arn):
    with pytest.raises(ValueError, match="is not the ARN of an execution"):
        machine_arn(arn)


def test_where_a_machine_logs_and_how_much():
    setup = describe(States(shipped(), logging=logging("ERROR", data=False)), MACHINE)
    assert (setup.log_group, setup.level, setup.data, setup.logs) == ("/aws/vendedlogs/states/x", "ERROR", False, True)


@pytest.mark.parametrize("given", [None, {}, {"level": "OFF"}, logging("OFF"), {"level": "ALL", "destinations": []}])
def test_a_machine_may_log_nothing(given):
    assert not describe(States(shipped(), logging=given), MACHINE).logs


@pytest.mark.parametrize("path", PATHS)
def test_an_execution_fits_the_definition_that_ran(path):
    assert fits(recorded(path).definition, recorded(path).events)


def test_nested_states_fit_too():
    for source in (fan(), each()):
        recording = record(source, [1, 2, 3], {name: [{"result": {}}] for name in ("Left", "Right", "Work")})
        assert fits(recording.definition, recording.events)


def test_an_execution_does_not_fit_a_definition_without_its_step():
    changed = json.loads(shipped())
    changed["States"]["ClaimTask"]["Next"] = "ProcessTask"
    assert not fits(parse(json.dumps(changed)), recorded("success").events)


def test_a_state_of_another_type_does_not_fit():
    recording = record(machine_of("A", A=PASS), {}, {})
    assert not fits(parse(machine_of("A", A={"Type": "Succeed"})), recording.events)


def test_the_newest_version_that_fits_is_chosen_when_the_definition_has_changed():
    ran = machine_of("A", A=PASS)
    events = record(ran, {}, {}).events
    states = States(machine_of("B", B=PASS), (3, machine_of("C", C=PASS)), (2, ran), (1, ran), logging=logging())
    chosen = choose(states, describe(states, MACHINE), events)
    assert (chosen.version, chosen.fits) == ("2", True)
    assert set(chosen.definition.states) == {"A"}


def test_without_such_a_version_the_current_definition_is_said_not_to_fit():
    states = States(machine_of("B", B=PASS), logging=logging())
    chosen = choose(states, describe(states, MACHINE), record(machine_of("A", A=PASS), {}, {}).events)
    assert (chosen.version, chosen.fits) == ("", False)
    assert set(chosen.definition.states) == {"B"}


@pytest.mark.parametrize("text", ["no", "[]", "{}", '{"States": {"A": {}}}', '{"States": 1, "StartAt": "A"}'])
def test_a_text_that_is_no_definition_is_refused(text):
    with pytest.raises(DefinitionUnreadable):
        parse(text)


def test_a_catch_names_the_error_and_how_many_more():
    transitions = {(one.source, one.label) for one in parse(shipped()).top.transitions}
    assert ("ClaimTask", "catch ConditionalCheckFailed") in transitions
    assert ("ProcessTask", "catch TaskValidationError +4") in transitions
    assert ("LookUpTask", "catch all") in transitions
    assert ("DecideOnDuplicate", "default") in transitions


def test_a_choice_has_its_condition():
    first = next(one for one in parse(shipped()).top.transitions if one.label == "rule 1")
    assert "$parks" in first.detail
