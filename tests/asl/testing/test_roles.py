"""As whom, and where, the tasks of a machine call moto's services."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from asl.testing.moto import sync_executions
from asl.testing.moto.sessions import Sessions
from tests.asl.testing.machines import REGION, ROLE, client, create, definition, start

LISTING = definition(
    L={"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues", "Arguments": {}, "End": True}
)


def allow(action: str) -> dict[str, str]:
    """A policy with this one permission."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"PolicyName": "p", "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


def caller() -> Any:
    """A client of a user who may only start machines."""
    iam = client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", **allow("states:StartSyncExecution"))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    return boto3.client(
        "stepfunctions",
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


@pytest.mark.parametrize(("action", "status"), [("sqs:ListQueues", "SUCCEEDED"), ("sqs:SendMessage", "FAILED")])
@mock_aws
@set_initial_no_auth_action_count(6)  # the calls that prepare the test
@sync_executions()
def test_the_role_of_the_machine_decides_where_moto_checks_permissions(action: str, status: str) -> None:
    client("iam").create_role(RoleName="machine", AssumeRolePolicyDocument="{}")
    client("iam").put_role_policy(RoleName="machine", **allow(action))
    arn, sfn = create(LISTING), caller()
    response = sfn.start_sync_execution(stateMachineArn=arn)
    assert response["status"] == status
    assert status == "SUCCEEDED" or "assumed-role/machine/express is not authorized" in response["cause"]


def test_without_moto_no_task_gets_a_client_with_which_it_would_call_aws() -> None:
    with pytest.raises(RuntimeError, match="mock_aws is not active"):
        Sessions().clients(ROLE, "123456789012", REGION)


@mock_aws
@sync_executions()
def test_a_role_of_another_account_does_not_lead_its_machine_away() -> None:
    client("sqs").create_queue(QueueName="q")
    arn = create(LISTING, roleArn="arn:aws:iam::000000000000:role/any")
    assert "/123456789012/q" in start(arn)["output"]


def test_a_reset_of_moto_inside_the_block_is_no_obstacle() -> None:
    with sync_executions() as runs:
        for _ in range(2):
            with mock_aws():
                assert start(create(LISTING))["output"] == "{}"
    assert len(runs.executions) == 2


@mock_aws
@sync_executions()
def test_an_endpoint_that_is_configured_does_not_lead_tasks_out_of_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    assert start(create(LISTING))["status"] == "SUCCEEDED"
