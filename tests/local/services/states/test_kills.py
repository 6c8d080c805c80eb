"""What was promised before a process was killed is kept by the next one."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.services.states.executions import Execution, ExecutionFile
from local.services.states.running import FileIsClosed
from tests.local.laptop import eventually
from tests.local.services.states.processes import ASK, CALL, NAMED, Functions, Process

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


def test_a_result_is_in_the_history_once_even_if_a_kill_comes_right_after_it(
    begun: Callable[..., Process], functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, killed = waiting(begun), threading.Event()

    def kill(file: ExecutionFile, *_: Any) -> None:
        file.close()
        killed.set()

    with monkeypatch.context() as patch:
        patch.setattr(ExecutionFile, "end", kill)
        first.call("SendTaskSuccess", taskToken=functions.given[0]["token"], output="7")
        assert killed.wait(20)
    second = begun(ASK)
    assert second.ended() == "SUCCEEDED"
    assert second.types()[4:] == ["TaskSubmitted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"]


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


@pytest.mark.parametrize("action", ["SendTaskSuccess", "StopExecution"])
def test_an_execution_is_reached_even_before_the_next_process_has_come_to_it(
    begun: Callable[..., Process], functions: Functions, action: str
) -> None:
    waiting(begun).close()
    second, token = begun(ASK, resumes=False), functions.given[0]["token"]
    response = second.call(action, taskToken=token, output="7", executionArn=NAMED)
    assert "errorType" not in response
    second.standard.resume()
    assert second.ended() == ("SUCCEEDED" if action == "SendTaskSuccess" else "ABORTED")


def test_what_was_started_before_a_process_goes_on_with_the_rest_runs_once(
    begun: Callable[..., Process], functions: Functions
) -> None:
    functions.may_return = False
    process = begun(CALL, resumes=False)
    process.start()
    eventually(lambda: functions.given)
    process.standard.resume()
    functions.may_return = True
    assert process.ended() == "SUCCEEDED"
    assert len(functions.given) == 1


@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_a_result_that_cannot_be_kept_is_not_taken(
    begun: Callable[..., Process], functions: Functions, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """While a process ends, this is an error of the service, after which a worker tries again."""
    first, token = waiting(begun), functions.given[0]["token"]
    with monkeypatch.context() as patch:
        patch.setattr(ExecutionFile, "waiting_for", closed(moment))
        with pytest.raises((FileIsClosed, sqlite3.ProgrammingError), match=r"closed|cannot be kept"):
            first.call("SendTaskSuccess", taskToken=token, output="7")
    second = begun(ASK)
    assert second.call("SendTaskSuccess", taskToken=token, output="7") == {}


def closed(moment: str) -> Callable[[ExecutionFile, str], Execution | None]:
    """Closes the file before or after the execution that waits for a token is looked up."""
    look_up = ExecutionFile.waiting_for

    def closes(file: ExecutionFile, token: str) -> Execution | None:
        if moment == "before":
            file.close()
        found = look_up(file, token)
        file.close()
        return found

    return closes


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
