"""The history of a Standard execution, as callers of the running edition's API see it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.assumed_role import assumed_session
from local.emulator.clients import CONFIG
from tests.local.laptop import Laptop


@pytest.fixture(scope="module")
def execution(laptop: Laptop) -> str:
    """The ARN of an execution of a task that takes long."""
    task = laptop.finished(laptop.post(type="demo.long", data={"milliseconds": 0}))
    return task["history"][-1]["execution"]


def test_a_task_that_took_long_has_a_whole_history(laptop: Laptop, execution: str) -> None:
    pages: Any = laptop.clients.stepfunctions.get_paginator("get_execution_history")
    events: list[dict[str, Any]] = []
    for page in pages.paginate(executionArn=execution, maxResults=10):
        assert len(page["events"]) <= 10
        events += page["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    assert entered[0] == "CheckGate"
    assert "ProcessTask" in entered
    assert events[-1]["type"] == "ExecutionSucceeded"


def test_an_execution_that_does_not_exist_has_no_history(laptop: Laptop, execution: str) -> None:
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        laptop.clients.stepfunctions.get_execution_history(executionArn=f"{execution}-no")


def test_a_role_reads_only_the_histories_that_it_may_read(laptop: Laptop, execution: str) -> None:
    pipe = laptop.clients.pipes.describe_pipe(Name=laptop.outputs["pipe_name"])
    session: Any = assumed_session(laptop.clients, pipe["RoleArn"], "a-test")
    with pytest.raises(ClientError, match="AccessDenied"):
        session.client("stepfunctions", config=CONFIG).get_execution_history(executionArn=execution)
