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

from asl import Checkpoint, ExecutionStatus, Outcome, Resumed, Scheduler, TaskFailure
from asl.core.templates import compact
from asl.starting import NotStarted, execution_of, parsed_input
from local.services.states.executions import KEPT_SECONDS, RUNNING, Execution, ExecutionFile
from local.services.states.machines import STANDARD, DeployedMachine
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
        self._schedulers: dict[str, Scheduler] = {}
        self._closed = threading.Event()

    def calls(self) -> Mapping[str, Callable[[Request], Response]]:
        """The actions of Step Functions that it serves, by name."""
        return {
            "StartExecution": self.start,
            "DescribeExecution": self.describe,
            "ListExecutions": self.list,
            "StopExecution": self.stop,
            "SendTaskSuccess": self.succeed,
            "SendTaskFailure": self.fail,
            "SendTaskHeartbeat": self.beat,
        }

    def resume(self) -> None:
        """Go on with what was running when the last process ended."""
        self._file.forget(self._now() - KEPT_SECONDS)
        for execution in self._file.running():
            self._run(execution)

    def close(self) -> None:
        """Leave what is running to the next process: nothing that happens from now on is noted."""
        self._closed.set()
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
        if self._file.add(execution):
            self._run(execution)
        else:
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
        execution = self._find(request["executionArn"])
        if execution.status == RUNNING:
            cause = {"error": request.get("error"), "cause": request.get("cause")}
            ended = self._ended(execution, ExecutionStatus.ABORTED.value, **cause)
            self._file.end(ended)
            if scheduler := self._schedulers.pop(execution.arn, None):
                scheduler.abort()
            return {"stopDate": ended.stopped}
        return {"stopDate": execution.stopped}

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
        if not self._scheduler(request["taskToken"]).beat(request["taskToken"]):
            raise _expired()
        return {}

    def _settle(self, token: str, result: Any) -> Response:
        if not self._scheduler(token).settle(token, result):
            raise _expired()
        return {}

    def _scheduler(self, token: str) -> Scheduler:
        execution = self._file.waiting_for(token)
        scheduler = self._schedulers.get(execution.arn) if execution else None
        if scheduler is None:
            raise _expired()
        return scheduler

    def _find(self, arn: str) -> Execution:
        execution = self._file.find(arn)
        if execution is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return execution

    def _run(self, execution: Execution) -> None:
        threading.Thread(target=self._execute, args=(execution,), name=execution.name, daemon=True).start()

    def _execute(self, execution: Execution) -> None:
        try:
            deployed = self._service.machines.find(execution.machine, STANDARD)
            outcome = self._outcome(execution, deployed)
        except Exception as error:  # the machine was deleted, or its definition is refused by now
            outcome = Outcome(ExecutionStatus.FAILED, error="States.Runtime", cause=str(error))
        self._schedulers.pop(execution.arn, None)
        if self._closed.is_set() or outcome.status is ExecutionStatus.ABORTED:
            return
        output = compact(outcome.output) if outcome.status is ExecutionStatus.SUCCEEDED else None
        self._file.end(
            self._ended(execution, outcome.status.value, output=output, error=outcome.error, cause=outcome.cause)
        )

    def _outcome(self, execution: Execution, deployed: DeployedMachine) -> Outcome:
        def keep(checkpoint: Checkpoint) -> None:
            if not self._closed.is_set():
                self._file.keep(execution.arn, checkpoint.as_json(), checkpoint.token)

        def begun(scheduler: Scheduler) -> None:
            self._schedulers[execution.arn] = scheduler

        return self._service.run(
            deployed,
            execution.input,
            about=execution_of(deployed.arn, deployed.name, deployed.role_arn, execution.name, STANDARD),
            keep=keep,
            resumed=_resumed(execution),
            begun=begun,
        )

    def _ended(self, execution: Execution, status: str, **details: Any) -> Execution:
        return Execution(
            arn=execution.arn,
            machine=execution.machine,
            name=execution.name,
            status=status,
            input=execution.input,
            started=execution.started,
            stopped=self._now(),
            **details,
        )


def _resumed(execution: Execution) -> Resumed | None:
    if execution.checkpoint is None:
        return None
    return Resumed(started=execution.started, checkpoint=Checkpoint.from_json(json.loads(execution.checkpoint)))


def _expired() -> TaskTimedOut:
    return TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
