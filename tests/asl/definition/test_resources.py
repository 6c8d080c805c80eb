"""Resources that Express workflows do not have are refused when the machine is made."""

import pytest

from asl import Machine
from tests.asl.definition.refusing import machine_of, problems, texts
from tests.asl.machines import task

OPTIMISED = "arn:aws:states:::"
NOT_RECOGNISED = (
    "SCHEMA_VALIDATION_FAILED: The resource provided {} is not recognized. The value is not a valid resource ARN, or"
    " the resource is not available in this region. at /States/X/Resource"
)


@pytest.mark.parametrize(
    ("arn", "pattern"),
    [
        ("sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken' service integration "),  # a space: so it is recorded
        ("states:startExecution.sync", "'.sync' service integration"),
        ("states:startExecution.sync:2", "'.sync' service integration"),
        ("ecs:runTask.sync", "'.sync' service integration"),
    ],
)
def test_integrations_that_wait_are_refused(arn, pattern):
    text = f"SCHEMA_VALIDATION_FAILED: Express state machine does not support {pattern} at /States/X/Resource"
    assert texts({"X": task(Resource=OPTIMISED + arn)}) == [text]


def test_activities_are_refused():
    found = texts({"X": task(Resource="arn:aws:states:us-east-1:000000000000:activity:a")})
    assert found == [
        "SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/X/Resource"
    ]


@pytest.mark.parametrize("arn", ["nonsense", "arn:aws:s3:::bucket", "", "${Function}"])
def test_what_is_no_arn_of_a_resource_is_refused(arn):
    found = texts({"X": task(Resource=arn)})
    assert found == ["SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/X/Resource"]


@pytest.mark.parametrize(
    "arn",
    [
        *("dynamodb:query", "dynamodb:PutItem", "dynamodb:putItem.wait", "sqs:receiveMessage", "sns:publishBatch"),
        *("lambda:Invoke", "events:putRule", "states:startSyncExecution", "s3:getObject", "lambda:invokeAsync"),
    ],
)
def test_actions_that_an_optimised_integration_does_not_have_are_refused(arn):
    assert texts({"X": task(Resource=OPTIMISED + arn)}) == [NOT_RECOGNISED.format(OPTIMISED + arn)]


def test_the_way_out_names_the_actions_that_there_are_and_the_integration_of_the_sdk():
    (problem,) = problems({"X": task(Resource=OPTIMISED + "dynamodb:query")})
    assert "deleteItem, getItem, putItem, updateItem" in problem.hint
    assert "arn:aws:states:::aws-sdk:dynamodb:query" in problem.hint


@pytest.mark.parametrize(
    "arn",
    [
        *("dynamodb:getItem", "dynamodb:putItem", "dynamodb:updateItem", "dynamodb:deleteItem", "sqs:sendMessage"),
        *("sns:publish", "events:putEvents", "lambda:invoke", "states:startExecution", "aws-sdk:dynamodb:query"),
        *("aws-sdk:sfn:startSyncExecution", "emr-containers:startJobRun", "apigateway:invoke"),
    ],
)
def test_request_response_integrations_are_accepted(arn):
    Machine.load(machine_of({"X": task(Resource=OPTIMISED + arn)}))


def test_placeholders_in_the_arn_of_a_function_are_accepted():
    Machine.load(machine_of({"X": task(Resource="arn:<partition>:lambda:<region>:111111111111:function:<name>")}))
