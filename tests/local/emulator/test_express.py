"""What takes the place of MiniStack's own Step Functions, without an emulator."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator.process import express
from local.emulator.process.express import PASSED_ON, ExpressActions, with_express

WRONG = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A"})


def ministack() -> Any:
    """The parts of its module that are used. Its own actions say that they were called."""
    return SimpleNamespace(
        _create_state_machine=lambda data: "created",
        _update_state_machine=lambda data: "updated",
        _validate_state_machine_definition=lambda data: "validated",
        **{f"_{name}": lambda data: "by MiniStack" for name in PASSED_ON.values()},
        _OFF_LOOP_ACTIONS={"StartSyncExecution", "TestState"},
        _state_machines={"express": {"type": "EXPRESS"}, "standard": {"type": "STANDARD"}},
        json_response=lambda data: data,
        error_response_json=lambda code, message, status: (code, status),
    )


@pytest.fixture
def states(tmp_path: Path) -> Any:
    module = ministack()
    ExpressActions(module, str(tmp_path / "no-socket"))
    return module


@pytest.mark.parametrize("kind", ["STANDARD", None])
def test_a_machine_is_a_standard_machine_unless_it_says_otherwise(states: Any, kind: str | None) -> None:
    waiting = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    task = {"Type": "Task", "Resource": waiting, "Arguments": {"FunctionName": "f"}, "End": True}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": task}})
    assert states._create_state_machine({"definition": definition, "type": kind}) == "created"
    assert states._create_state_machine({"definition": WRONG, "type": kind}) == ("InvalidDefinition", 400)
    assert states._create_state_machine({"definition": definition, "type": "EXPRESS"}) == ("InvalidDefinition", 400)
    assert states._update_state_machine({"definition": definition, "stateMachineArn": "standard"}) == "updated"
    assert states._validate_state_machine_definition({"definition": WRONG, "type": kind})["result"] == "FAIL"


def test_what_is_about_executions_is_passed_on_from_a_thread_of_its_own(states: Any) -> None:
    """The laptop edition asks the emulator back: on its loop, both would wait for each other."""
    assert set(PASSED_ON) <= states._OFF_LOOP_ACTIONS
    for name in PASSED_ON.values():
        assert getattr(states, f"_{name}")({}) == ("InternalServerError", 500), name


def test_an_update_without_a_definition_is_left_to_the_emulator(states: Any) -> None:
    assert states._update_state_machine({"stateMachineArn": "express", "roleArn": "r"}) == "updated"


def test_a_wrong_definition_of_an_express_machine_is_refused(states: Any) -> None:
    assert states._create_state_machine({"definition": WRONG, "type": "EXPRESS"}) == ("InvalidDefinition", 400)
    request = {"definition": WRONG, "stateMachineArn": "express"}
    assert states._update_state_machine(request) == ("InvalidDefinition", 400)


def test_an_execution_that_the_laptop_edition_cannot_take_now_is_an_error_of_the_service(states: Any) -> None:
    assert states._start_sync_execution({"stateMachineArn": "express"}) == ("InternalServerError", 500)


def test_a_version_of_ministack_without_these_actions_is_noticed(tmp_path: Path) -> None:
    module = ministack()
    del module._start_sync_execution
    with pytest.raises(AttributeError, match="_start_sync_execution"):
        ExpressActions(module, str(tmp_path))


def test_nothing_is_loaded_before_the_first_request_for_step_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(name: str) -> Any:
        loaded.append(name)
        return ministack()

    async def application(*_: Any) -> None: ...

    async def send(*targets: bytes) -> None:
        served = with_express(application, "no-socket")
        for target in targets:
            scope = {"type": "http", "headers": [(b"x-amz-target", target)]}
            await served(scope, application, application)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(express.importlib, "import_module", load)
    asyncio.run(send(b"AmazonSQS.SendMessage"))
    assert loaded == []
    asyncio.run(send(b"AWSStepFunctions.DescribeStateMachine", b"AWSStepFunctions.StartSyncExecution"))
    assert loaded == ["ministack.services.stepfunctions"]
