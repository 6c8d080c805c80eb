"""What StartSyncExecution answers under moto."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from asl.testing.moto import SyncExecutions
from tests.asl.machines import UUID
from tests.asl.testing.machines import ECHO, ROLE, client, create, definition, start

pytestmark = pytest.mark.usefixtures("express")


def refused(arn: str, **options: Any) -> tuple[str, str]:
    """Code and message of the error."""
    with pytest.raises(ClientError) as caught:
        start(arn, **options)
    error: dict[str, Any] = caught.value.response.get("Error", {})  # pyright: ignore[reportAssignmentType]
    return error["Code"], error["Message"]


def test_a_success_has_the_output_and_the_names_that_were_given() -> None:
    arn = create(ECHO)
    response = start(arn, {"a": [1, "ü"]}, name="mine", traceHeader="Root=1")
    assert (response["status"], json.loads(response["output"])) == ("SUCCEEDED", {"a": [1, "ü"]})
    assert (response["name"], response["stateMachineArn"]) == ("mine", arn)
    assert re.fullmatch(f"arn:aws:states:eu-west-1:123456789012:express:machine:mine:{UUID}", response["executionArn"])
    assert response["inputDetails"] == response["outputDetails"] == {"included": True}
    assert json.loads(response["input"]) == {"a": [1, "ü"]}
    assert response["traceHeader"] == "Root=1"
    assert "error" not in response
    assert "cause" not in response


def test_without_input_and_name_the_input_is_an_empty_object_and_the_name_random() -> None:
    response = start(create(ECHO))
    assert response["input"] == response["output"] == "{}"
    assert re.fullmatch(UUID, response["name"])


def test_two_executions_may_have_one_name_but_not_one_arn() -> None:
    arn = create(ECHO)
    assert start(arn, name="mine")["executionArn"] != start(arn, name="mine")["executionArn"]


def test_a_failure_has_error_and_cause_and_no_output() -> None:
    response = start(create(definition(F={"Type": "Fail", "Error": "E", "Cause": "{% 'c' & 1 %}"})))
    assert (response["status"], response["error"], response["cause"]) == ("FAILED", "E", "c1")
    assert "output" not in response
    assert response["outputDetails"] == {"included": True}


def test_a_timeout_is_a_status_of_its_own() -> None:
    machine = definition(W={"Type": "Wait", "Seconds": 20, "End": True}) | {"TimeoutSeconds": 10}
    response = start(create(machine))
    assert (response["status"], response["error"]) == ("TIMED_OUT", "States.Timeout")
    assert response["stopDate"] - response["startDate"] == timedelta(seconds=10)


def test_dates_have_a_zone_and_the_bill_follows_the_virtual_clock() -> None:
    before = time.time()
    response = start(create(definition(W={"Type": "Wait", "Seconds": 42, "End": True})))
    assert abs(response["startDate"] - datetime.fromtimestamp(before, UTC)) < timedelta(seconds=5)
    assert response["stopDate"] - response["startDate"] == timedelta(seconds=42)
    assert response["billingDetails"] == {"billedDurationInMilliseconds": 42_000, "billedMemoryUsedInMB": 64}
    assert time.time() - before < 5, "no wait is real"


def test_a_machine_that_is_not_there_does_not_exist() -> None:
    missing = create(ECHO) + "s"
    assert refused(missing) == ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{missing}'")
    assert refused("no-arn")[0] == "InvalidArn"


def test_a_standard_machine_cannot_be_started_synchronously() -> None:
    code, message = refused(create(ECHO, type="STANDARD"))
    assert code == "StateMachineTypeNotSupported"
    assert "STANDARD" in message


@pytest.mark.parametrize("text", ["{", "", '"' + "x" * 262_144 + '"'])
def test_an_input_is_json_of_at_most_256_kib(text: str) -> None:
    assert refused(create(ECHO), input=text)[0] == "InvalidExecutionInput"


@pytest.mark.parametrize("name", ["a b", "a:b", "x" * 81])
def test_not_every_text_is_a_name(name: str) -> None:
    assert refused(create(ECHO), name=name)[0] == "InvalidName"


def test_errors_are_the_exceptions_of_the_client() -> None:
    sfn = client()
    with pytest.raises(sfn.exceptions.StateMachineDoesNotExist):
        sfn.start_sync_execution(stateMachineArn=create(ECHO) + "s")
    with pytest.raises(sfn.exceptions.InvalidExecutionInput):
        sfn.start_sync_execution(stateMachineArn=create(ECHO, name="other"), input="{")


def test_a_wrong_definition_is_refused_with_each_problem_and_where_it_is() -> None:
    wrong = definition(A={"Type": "Pass", "Next": "Z"}, B={"Type": "Pass", "Nxt": "A"})
    code, message = refused(create(wrong))
    assert code == "InvalidDefinition"
    for problem in ("Missing 'Next' target: Z at /States/A/Next", "Field 'Nxt' is not supported at /States/B"):
        assert problem in message


def test_a_machine_in_jsonpath_is_refused_in_words_that_say_why(express: SyncExecutions) -> None:
    old = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    code, message = refused(create(old))
    assert code == "InvalidDefinition"
    assert "UNSUPPORTED_BY_THIS_RUNNER" in message
    assert "JSONata" in message
    assert express.executions == [], "nothing ran"


def test_versions_and_aliases_run_what_they_name() -> None:
    sfn, arn = client(), create(ECHO, publish=True)
    newer = definition(New={"Type": "Pass", "Output": "new", "End": True})
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(newer))
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    assert start(arn, {"a": 1})["output"] == '"new"'
    assert start(f"{arn}:1", {"a": 1})["output"] == '{"a":1}'
    assert start(alias, {"a": 1})["output"] == '{"a":1}'
    assert start(alias)["stateMachineArn"] == arn


def test_the_context_of_the_machine_is_that_of_the_response() -> None:
    arn = create(definition(A={"Type": "Pass", "Output": "{% $states.context %}", "End": True}))
    response = start(arn, {"a": 1}, name="mine")
    context = json.loads(response["output"])
    assert context["StateMachine"] == {"Id": arn, "Name": "machine"}
    assert context["Execution"]["Id"] == response["executionArn"]
    assert (context["Execution"]["Input"], context["Execution"]["RoleArn"]) == ({"a": 1}, ROLE)


def test_the_block_remembers_what_ran(express: SyncExecutions) -> None:
    machine = definition(A={"Type": "Pass", "Next": "W"}, W={"Type": "Wait", "Seconds": 3, "End": True})
    response = start(create(machine), {"a": 1})
    ran = express.last
    assert (ran.arn, ran.machine, ran.status) == (response["executionArn"], "machine", "SUCCEEDED")
    assert (ran.states, ran.seconds, ran.input, ran.output) == (["A", "W"], 3, {"a": 1}, {"a": 1})
