"""Step Functions, as far as the emulator's engine differs from AWS too much: see docs/decisions/0007.

Definitions are refused as on AWS, and what is about executions is passed on to the laptop edition, which runs Express
machines as its pipes do, and Standard ones so that they outlive it. MiniStack has checked the caller's permissions
before. Its module and `asl`, which take 0.3 s to load, are loaded with the first request that needs them.
"""

from __future__ import annotations

import importlib
import json
import socket
from collections.abc import Mapping
from functools import partial
from typing import Any

from local.emulator.process.asgi import Application, Receive, Scope, Send

PREFIX = "states:"
PASSED_ON = {
    "StartSyncExecution": "start_sync_execution",
    "StartExecution": "start_execution",
    "DescribeExecution": "describe_execution",
    "ListExecutions": "list_executions",
    "StopExecution": "stop_execution",
    "GetExecutionHistory": "get_execution_history",
    "SendTaskSuccess": "send_task_success",
    "SendTaskFailure": "send_task_failure",
    "SendTaskHeartbeat": "send_task_heartbeat",
}
"""The actions that the laptop edition serves, with MiniStack's names for them."""
MOST_DIAGNOSTICS = 100

Data = Mapping[str, Any]


def with_express(application: Application, socket_path: str) -> Application:
    """The ASGI application with our own Express. `socket_path` is where the laptop edition takes executions."""
    loaded: list[ExpressActions] = []

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if not loaded and scope["type"] == "http" and _is_for_states(scope):
            loaded.append(ExpressActions(importlib.import_module("ministack.services.stepfunctions"), socket_path))
        await application(scope, receive, send)

    return serve


def _is_for_states(scope: Scope) -> bool:
    return any(name == b"x-amz-target" and value.startswith(b"AWSStepFunctions.") for name, value in scope["headers"])


class ExpressActions:
    """Takes the place of some of MiniStack's actions. Each gets a request and returns MiniStack's kind of response."""

    def __init__(self, states: Any, socket_path: str) -> None:
        self._states = states
        self._socket_path = socket_path
        self._create, self._update = states._create_state_machine, states._update_state_machine
        self._validate = states._validate_state_machine_definition
        for name in ("create_state_machine", "update_state_machine", "validate_state_machine_definition"):
            setattr(states, f"_{name}", getattr(self, name))
        # An error here is better than MiniStack's own engine. Off its loop, because the laptop edition asks back.
        for action, name in PASSED_ON.items():
            _ = getattr(states, f"_{name}")
            setattr(states, f"_{name}", partial(self.pass_on, action))
        states._OFF_LOOP_ACTIONS.update(PASSED_ON)

    def create_state_machine(self, data: Data) -> Any:
        """CreateStateMachine."""
        return self._refusal(data.get("definition"), data.get("type")) or self._create(data)

    def update_state_machine(self, data: Data) -> Any:
        """UpdateStateMachine; the definition may be absent."""
        machine: Data = self._states._state_machines.get(data.get("stateMachineArn")) or {}
        return self._refusal(data.get("definition"), machine.get("type")) or self._update(data)

    def validate_state_machine_definition(self, data: Data) -> Any:
        """ValidateStateMachineDefinition."""
        error = _error_of(data.get("definition", ""), data.get("type") or "STANDARD")
        most = data.get("maxResults") or MOST_DIAGNOSTICS
        problems = [problem for problem in error.problems if problem.by_aws] if error else []
        response = {
            "result": "FAIL" if problems else "OK",
            "diagnostics": [_diagnostic(problem) for problem in problems[:most]],
            "truncated": len(problems) > most,
        }
        return self._states.json_response(response)

    def pass_on(self, action: str, data: Data) -> Any:
        """What is about executions. MiniStack calls it in a thread of its own."""
        try:
            outcome, response = _exchange(self._socket_path, f"{PREFIX}{action}", data)
        except OSError as error:
            message = f"the laptop edition takes no executions now: {error}"
            return self._states.error_response_json("InternalServerError", message, 500)
        if outcome == "response":
            return self._states.json_response(response)
        return self._states.error_response_json(response["errorType"], response["errorMessage"], 400)

    def _refusal(self, definition: Any, kind: Any) -> Any:
        error = _error_of(definition, kind or "STANDARD") if isinstance(definition, str) else None
        if error is None or not error.refused_by_aws:
            return None
        return self._states.error_response_json(error.code, str(error), 400)


def _error_of(definition: str, kind: str) -> Any:
    asl = importlib.import_module("asl")
    try:
        asl.Machine.load(definition, kind)
    except asl.DefinitionError as error:
        return error
    return None


def _diagnostic(problem: Any) -> dict[str, str]:
    place = {} if problem.location is None else {"location": problem.location}
    return {"severity": "ERROR", "code": problem.code, "message": problem.message, **place}


def _exchange(path: str, name: str, data: Data) -> tuple[str, Any]:
    """`response` or `error`, and the document: the protocol of `local/services/lambdas/inbox.py`."""
    with socket.socket(socket.AF_UNIX) as laptop:
        laptop.connect(path)
        laptop.sendall(f"{name}\n".encode() + json.dumps(data).encode())
        laptop.shutdown(socket.SHUT_WR)
        response = b"".join(iter(lambda: laptop.recv(65536), b""))
    outcome, _, document = response.partition(b"\n")
    return outcome.decode(), json.loads(document)
