"""Permissions are enforced: the pipe and the functions can do what their roles allow, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.assumed_role import AssumedSession, assumed_session
from tests.local.laptop import Laptop, eventually, let_changes_take_effect


def session(laptop: Laptop, role: str) -> AssumedSession:
    arn = laptop.clients.iam.get_role(RoleName=role)["Role"]["Arn"]
    return assumed_session(laptop.clients, arn, "a-test")


def test_the_pipe_s_role_may_receive_messages_and_nothing_else(laptop: Laptop) -> None:
    role = session(laptop, laptop.outputs["pipe_name"])
    sqs, url = role.client("sqs"), laptop.outputs["queue_url"]
    sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="x", MessageDeduplicationId="x")
    with pytest.raises(ClientError, match="AccessDenied"):
        role.client("dynamodb").scan(TableName=laptop.outputs["table_name"])


def test_a_pipe_without_its_permissions_leaves_messages_alone_and_resumes_when_they_return(
    laptop: Laptop,
) -> None:
    iam, role = laptop.clients.iam, laptop.outputs["pipe_name"]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        eventually(lambda: "sqs:ReceiveMessage" in laptop.output, seconds=10)
        task_id = laptop.post(ordering_key="forbidden")
        assert laptop.read(task_id)["status"] == "queued"
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    assert laptop.finished(task_id)["status"] == "succeeded"


@contextlib.contextmanager
def without(laptop: Laptop, role: str, action: str) -> Generator[None]:
    """Remove the action, and nothing else, from the role's one policy for a while."""
    iam: Any = laptop.clients.iam
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    kept = [{**one, "Action": [other for other in one["Action"] if other != action]} for one in policy["Statement"]]
    assert kept != policy["Statement"], f"{role} never had {action}"
    less = {**policy, "Statement": [statement for statement in kept if statement["Action"]]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


@pytest.mark.usefixtures("quick_redelivery")
def test_a_pipe_that_may_receive_messages_but_start_no_execution_leaves_them_in_the_queue(laptop: Laptop) -> None:
    with without(laptop, laptop.outputs["pipe_name"], "states:StartSyncExecution"):
        let_changes_take_effect()
        task_id = laptop.post(ordering_key="unstartable")
        eventually(lambda: "is not authorized to perform: states:StartSyncExecution" in laptop.output, seconds=10)
        assert laptop.read(task_id)["status"] == "queued"
    assert laptop.finished(task_id)["status"] == "succeeded"


@pytest.mark.usefixtures("quick_redelivery")
def test_a_pipe_that_may_not_delete_its_message_receives_it_again_without_effect(laptop: Laptop) -> None:
    with without(laptop, laptop.outputs["pipe_name"], "sqs:DeleteMessage"):
        task_id = laptop.post(ordering_key="undeletable")
        eventually(lambda: "sqs:DeleteMessage" in laptop.output, seconds=10)
        before = laptop.finished(task_id)
    assert laptop.finished(laptop.post(ordering_key="undeletable"))["status"] == "succeeded", "its key advances"
    assert laptop.read(task_id) == before


@pytest.mark.usefixtures("quick_redelivery")
def test_a_state_machine_may_do_what_its_own_role_allows(laptop: Laptop) -> None:
    with without(laptop, laptop.outputs["state_machine_name"], "lambda:InvokeFunction"):
        let_changes_take_effect()
        task_id = laptop.post(ordering_key="powerless")
        eventually(lambda: "Lambda.AccessDeniedException" in laptop.output, seconds=10)
        assert laptop.read(task_id)["status"] == "queued"
    task = laptop.finished(task_id)
    assert (task["status"], task["attempts"]) == ("succeeded", 1), "a run that never started is not counted"


def test_a_function_without_its_permissions_cannot_record_a_task(laptop: Laptop) -> None:
    iam, role = laptop.clients.iam, "taskline-dev-reader"
    task_id = laptop.post()
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    for name in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        assert laptop.request("GET", f"/v1/tasks/{task_id}").status >= 500
    finally:
        for name, policy in policies.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    assert laptop.read(task_id)["task_id"] == task_id
