"""What was promised before a process was killed is kept by the next one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.services.states.executions import ExecutionFile
from tests.local.laptop import eventually
from tests.local.services.states.processes import ASK, NAMED, Functions, Process

POSTS = "asl.execution.scheduler.Scheduler._post"
ANSWERS: list[tuple[str, dict[str, str], str]] = [
    ("SendTaskSuccess", {"output": "7"}, "SUCCEEDED"),
    ("SendTaskFailure", {"error": "Jam", "cause": "no paper"}, "FAILED"),
]


def waiting(begun: Callable[..., Process]) -> Process:
    """A process with an execution whose worker has its token."""
    process = begun(ASK)
    process.start()
    eventually(lambda: "TaskSubmitted" in process.types())
    return process


def killed_after(process: Process, monkeypatch: pytest.MonkeyPatch, action: str, **request: str) -> Any:
    """The response to the last call of a process, whose execution does not get to hear of it."""
    with monkeypatch.context() as patch:
        patch.setattr(POSTS, lambda *_: None)
        response = process.call(action, **request)
        process.close()
    return response


@pytest.mark.parametrize(("action", "brought", "status"), ANSWERS)
def test_a_token_that_came_back_just_before_a_kill_has_come_back(
    begun: Callable[..., Process],
    functions: Functions,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    brought: dict[str, str],
    status: str,
) -> None:
    first = waiting(begun)
    token = functions.given[0]["token"]
    assert killed_after(first, monkeypatch, action, taskToken=token, **brought) == {}
    second = begun(ASK)
    assert second.ended() == status
    described = second.call("DescribeExecution", executionArn=NAMED)
    assert described.items() >= brought.items()
    once = "TaskSucceeded" if status == "SUCCEEDED" else "TaskFailed"
    assert second.types()[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", once]
    assert second.types().count(once) == 1
    assert len(functions.given) == 1


@pytest.mark.parametrize(("action", "brought", "_status"), ANSWERS)
def test_a_token_that_came_back_before_a_kill_is_refused_after_it(
    begun: Callable[..., Process],
    functions: Functions,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    brought: dict[str, str],
    _status: str,
) -> None:
    first, token = waiting(begun), functions.given[0]["token"]
    killed_after(first, monkeypatch, "SendTaskSuccess", taskToken=token, output="7")
    second = begun(ASK)
    for _ in range(2):
        assert second.call(action, taskToken=token, **brought)["errorType"] == "TaskTimedOut"
        assert second.ended() == "SUCCEEDED"


def test_a_token_that_comes_back_as_soon_as_the_next_process_begins_is_taken(
    begun: Callable[..., Process], functions: Functions
) -> None:
    waiting(begun).close()
    second, token = begun(ASK), functions.given[0]["token"]
    assert second.call("SendTaskHeartbeat", taskToken=token) == {}
    assert second.call("SendTaskSuccess", taskToken=token, output="7") == {}
    assert second.ended() == "SUCCEEDED"


def test_a_token_that_nobody_can_note_is_not_taken(begun: Callable[..., Process], functions: Functions) -> None:
    """A result that arrives while the process ends is an error of the service, and the worker tries again."""
    first, token = waiting(begun), functions.given[0]["token"]
    first.close()
    with pytest.raises(Exception, match="closed"):
        first.call("SendTaskSuccess", taskToken=token, output="7")
    second = begun(ASK)
    assert second.call("SendTaskSuccess", taskToken=token, output="7") == {}


def test_a_call_that_had_not_passed_its_token_on_is_made_again_with_the_same_token(
    begun: Callable[..., Process], functions: Functions
) -> None:
    functions.may_return = False
    first = begun(ASK)
    first.start()
    eventually(lambda: functions.given)
    first.close()
    functions.may_return = True
    second = begun(ASK)
    eventually(lambda: "TaskSubmitted" in second.types())
    before, after = functions.given
    assert before == after
    assert second.call("SendTaskSuccess", taskToken=after["token"], output="7") == {}
    assert second.ended() == "SUCCEEDED"
    again = ["TaskScheduled", "TaskStarted"]
    assert second.types()[2:-2] == [*again, *again, "TaskSubmitted", "TaskSucceeded"]


def test_a_checkpoint_of_an_earlier_version_is_understood(
    begun: Callable[..., Process], functions: Functions, tmp_path: Path
) -> None:
    waiting(begun).close()
    file = ExecutionFile(tmp_path / "executions")
    (execution,) = file.running()
    checkpoint = json.loads(execution.checkpoint or "")
    for name in ("until", "passed_on", "result"):
        del checkpoint[name]
    file.keep(NAMED, checkpoint, execution.token)
    file.close()
    second = begun(ASK)
    assert second.call("SendTaskSuccess", taskToken=functions.given[0]["token"], output="7") == {}
    assert second.ended() == "SUCCEEDED"
    assert len(functions.given) == 1
