"""What a type declares that it needs: a test gives it, and what is not declared is missing here as on AWS."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from pydantic import BaseModel

from functions.tasks.model import Task
from functions.tasks.needs import Allow, Needs
from functions.tasks.redaction import redact
from functions.tasks.secrets import secret
from testing.taskline import Taskline

FONTS = Needs(secrets=("fonts-api",))
STORING = Needs(permissions=(Allow("s3:PutObject", on="arn:{partition}:s3:::invoices/*"),))


class Nothing(BaseModel):
    """No data."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="invoices")
        yield


def reading(taskline: Taskline, needs: Needs, fail: bool = False) -> None:
    """A type that reads a secret, and returns how long it is or fails with it."""

    @taskline.task_type("fonts.count", data=Nothing, needs=needs)
    def run(task: Task, data: Nothing) -> dict[str, int]:
        value = secret("fonts-api")
        if fail:
            raise ValueError(f"the service refused {value}")
        return {"characters": len(value)}


def storing(taskline: Taskline, needs: Needs) -> None:
    """A type that writes to a bucket."""

    @taskline.task_type("invoice.store", data=Nothing, needs=needs)
    def run(task: Task, data: Nothing) -> dict[str, str]:
        boto3.client("s3").put_object(Bucket="invoices", Key=task.task_id, Body=b"")
        return {"key": task.task_id}


def test_a_declared_secret_has_the_value_that_the_test_gives_it(taskline: Taskline) -> None:
    reading(taskline, FONTS)
    taskline.secret("fonts-api", "abc123")
    assert taskline.run("fonts.count", {}).result == {"characters": 6}


def test_a_secret_is_removed_from_what_leaves_the_function(taskline: Taskline) -> None:
    reading(taskline, FONTS, fail=True)
    taskline.secret("fonts-api", "plain words that look like no secret")
    task = taskline.submit("fonts.count", {})
    taskline.settle()
    assert task.error is not None
    assert task.error.message == "the service refused [secret]"
    assert "plain words" not in str(taskline.dead_letters)


def test_what_one_test_hides_is_not_hidden_in_the_next(taskline: Taskline) -> None:
    reading(taskline, FONTS)
    taskline.secret("fonts-api", "a common word")
    taskline.run("fonts.count", {})
    assert redact("a common word") == "a common word"


def test_a_secret_that_is_not_declared_is_named_with_the_way_out(taskline: Taskline) -> None:
    reading(taskline, Needs())
    taskline.secret("fonts-api", "abc123")
    run = taskline.run("fonts.count", {})
    assert run.error_type == "TaskTypeUnavailable"
    assert run.message == (
        "task type 'fonts.count' reads the secret 'fonts-api', and does not declare it: add it to the type's "
        "Needs(secrets=...)"
    )


def test_a_task_waits_for_a_secret_that_has_no_value_yet(taskline: Taskline) -> None:
    """It is not the task's fault: no run fails, and the message returns."""
    reading(taskline, FONTS)
    task = taskline.submit("fonts.count", {})
    taskline.at(400, lambda: taskline.secret("fonts-api", "abc123"))
    taskline.settle()
    assert task.result == {"characters": 6}


def test_a_secret_cannot_be_read_outside_a_run() -> None:
    with pytest.raises(Exception, match="called outside the run of a task"):
        secret("fonts-api")


@pytest.mark.usefixtures("aws")
def test_a_declared_permission_lets_the_call_pass(taskline: Taskline) -> None:
    storing(taskline, STORING)
    task = taskline.submit("invoice.store", {})
    taskline.settle()
    assert task.result == {"key": task.task_id}


@pytest.mark.usefixtures("aws")
def test_a_permission_that_is_not_declared_is_denied_with_the_way_out(taskline: Taskline) -> None:
    storing(taskline, Needs())
    run = taskline.run("invoice.store", {})
    assert run.error_type == "ClientError"
    assert "AccessDenied" in (run.message or "")
    assert "task type 'invoice.store' does not declare s3:PutObject: add Allow('s3:PutObject', on=...)" in (
        run.message or ""
    )
    assert boto3.client("s3").list_objects_v2(Bucket="invoices")["KeyCount"] == 0, "and the test itself may call"
