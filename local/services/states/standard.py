"""Standard workflows: StartExecution and what follows it, without an end to wait for.

Each running execution has a thread, and a line in a file that says where it is. A process that starts on that file
goes on with those that were running. A call that the end of the earlier process cut off is made again.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from asl import Outcome, TaskFailure
from asl.starting import NotStarted, execution_of, parsed_input
from local.services.states.executions import KEPT_SECONDS, RUNNING, Execution, ExecutionFile
from local.services.states.history import history
from local.services.states.machines import STANDARD
from local.services.states.running import Running
from local.services.states.service import ExpressService

PAGE: Final = 1000
Request = Mapping[str, Any]
Response = dict[str, Any]


class ExecutionAlreadyExists(NotStarted):
    """The name belongs to an execution that has ended, or has another input."""

    code = "ExecutionAlreadyExists"


class ExecutionDoesNotExist(NotStarted):
    """There is no execution with this ARN."""

    code = "ExecutionDoesNotExist"


class TaskTimedOut(NotStarted):
    """Nobody waits for this token (any more)."""

    code = "TaskTimedOut"


class InvalidOutput(NotStarted):
    """The output is not JSON."""

    code = "InvalidOutput"


class StandardService:
    """The executions of all Standard machines, for any thread."""

    def __init__(self, machines: ExpressService, file: ExecutionFile, now: Callable[[], float] = time.time) -> None:
        self._service = machines
        self._file = file
        self._now = now
        self._running: dict[str, Running] = {}
        self._turn = threading.Lock()

    def calls(self) -> Mapping[str, Callable[[Request], Response]]:
        """The actions of Step Functions that it serves, by name."""
        return {
            "StartExecution": self.start,
            "DescribeExecution": self.describe,
            "ListExecutions": self.list,
            "StopExecution": self.stop,
            "GetExecutionHistory": self.history,
            "SendTaskSuccess": self.succeed,
            "SendTaskFailure": self.fail,
            "SendTaskHeartbeat": self.beat,
        }

    def resume(self) -> None:
        """Go on with what was running when the last process ended."""
        self._file.forget(self._now() - KEPT_SECONDS)
        for execution in self._file.running():
            self._taken_up(execution.arn)

    def close(self) -> None:
        """Leave what is running to the next process: nothing that happens from now on is noted."""
        self._file.close()

    def start(self, request: Request) -> Response:
        """StartExecution. Started again with the same name and input while it runs, it is the same execution."""
        deployed = self._service.machines.find(request["stateMachineArn"], STANDARD)
        about = execution_of(deployed.arn, deployed.name, deployed.role_arn, request.get("name"), STANDARD)
        text = request.get("input", "{}")
        parsed_input(text)
        execution = Execution(
            arn=about.execution_id,
            machine=deployed.arn,
            name=about.name,
            status=RUNNING,
            input=text,
            started=self._now(),
        )
        if not self._added(execution):
            execution = self._find(execution.arn)
            if execution.status != RUNNING or execution.input != text:
                raise ExecutionAlreadyExists(f"Execution Already Exists: '{execution.arn}'")
        return {"executionArn": execution.arn, "startDate": execution.started}

    def describe(self, request: Request) -> Response:
        """DescribeExecution."""
        return self._find(request["executionArn"]).described()

    def list(self, request: Request) -> Response:
        """ListExecutions, on one page."""
        found = self._file.of(request["stateMachineArn"], request.get("statusFilter"))
        first, most = int(request.get("nextToken") or 0), int(request.get("maxResults") or PAGE)
        more = {"nextToken": str(first + most)} if len(found) > first + most else {}
        return {"executions": [one.listed() for one in found[first : first + most]], **more}

    def stop(self, request: Request) -> Response:
        """StopExecution; of one that has ended it changes nothing."""
        arn = self._find(request["executionArn"]).arn
        running = self._taken_up(arn)
        if running is not None:
            running.stop(request.get("error"), request.get("cause"))
        return {"stopDate": self._find(arn).stopped}

    def history(self, request: Request) -> Response:
        """GetExecutionHistory."""
        self._find(request["executionArn"])
        return history(self._file, request)

    def succeed(self, request: Request) -> Response:
        """SendTaskSuccess."""
        try:
            output = json.loads(request["output"])
        except ValueError as error:
            raise InvalidOutput(f"the output is not JSON: {error}") from error
        return self._settle(request["taskToken"], output)

    def fail(self, request: Request) -> Response:
        """SendTaskFailure."""
        return self._settle(request["taskToken"], TaskFailure(request.get("error"), request.get("cause")))

    def beat(self, request: Request) -> Response:
        """SendTaskHeartbeat."""
        running = self._waiting_for(request["taskToken"])
        if running is None or not running.beat(request["taskToken"]):
            raise _expired()
        return {}

    def _settle(self, token: str, result: Any) -> Response:
        running = self._waiting_for(token)
        if running is None or not running.settle(token, result):
            raise _expired()
        return {}

    def _waiting_for(self, token: str) -> Running | None:
        execution = self._file.waiting_for(token)
        return self._taken_up(execution.arn) if execution else None

    def _taken_up(self, arn: str) -> Running | None:
        """What runs an execution, unless that has ended. A call may ask for it before `resume` has come to it."""
        with self._turn:
            if arn not in self._running and (left := self._find(arn)).status == RUNNING:
                self._begin(left)
            return self._running.get(arn)

    def _added(self, execution: Execution) -> bool:
        """Begin it, unless there is one with its ARN. Whoever finds it in the file finds it running."""
        with self._turn:
            added = self._file.add(execution)
            if added:
                self._begin(execution)
        return added

    def _find(self, arn: str) -> Execution:
        execution = self._file.find(arn)
        if execution is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return execution

    def _begin(self, execution: Execution) -> None:
        running = self._running[execution.arn] = Running(execution, self._file)
        threading.Thread(target=self._execute, args=(running,), name=execution.name, daemon=True).start()

    def _execute(self, running: Running) -> None:
        try:
            running.finish(self._outcome(running), self._now())
            self._file.forget(self._now() - KEPT_SECONDS)
        finally:
            self._running.pop(running.execution.arn, None)
            running.ended.set()

    def _outcome(self, running: Running) -> Outcome:
        execution = running.execution
        try:
            deployed = self._service.machines.find(execution.machine, STANDARD)
            return self._service.run(
                deployed,
                execution.input,
                about=execution_of(deployed.arn, deployed.name, deployed.role_arn, execution.name, STANDARD),
                observe=running.observe,
                keep=running.keep,
                resumed=running.resumed,
                begun=running.begun,
            )
        except Exception as error:  # the machine was deleted, or its definition is refused by now
            return running.broken(error)


def _expired() -> TaskTimedOut:
    return TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
