"""Executions of tasks that take long, on Step Functions: which run, how others ended, and the tokens of workers."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from functions.adapters.clients import new_client, unavailable_on_failure
from functions.tasks.runs.tokens import TokenExpired
from functions.tasks.runs.watching import ExecutionState

_STATES = {"RUNNING": ExecutionState.RUNNING, "SUCCEEDED": ExecutionState.SUCCEEDED}
_PAGE = 1000


class StepFunctionsExecutions:
    """`Executions` of one Standard machine."""

    def __init__(self, machine_arn: str, client: Any = None) -> None:
        self._machine_arn = machine_arn
        self._client = client or new_client("stepfunctions")

    def running(self) -> set[str]:
        """ListExecutions, which may lag a moment behind: a thousand names at a time."""
        names: set[str] = set()
        request: dict[str, Any] = {"maxResults": _PAGE, "statusFilter": "RUNNING"}
        while True:
            with unavailable_on_failure("Step Functions"):
                page = self._client.list_executions(stateMachineArn=self._machine_arn, **request)
            names.update(execution["name"] for execution in page["executions"])
            if "nextToken" not in page:
                return names
            request["nextToken"] = page["nextToken"]

    def state(self, name: str) -> ExecutionState:
        """DescribeExecution."""
        with unavailable_on_failure("Step Functions"):
            try:
                found = self._client.describe_execution(executionArn=self._arn(name))
            except self._client.exceptions.ExecutionDoesNotExist:
                return ExecutionState.UNKNOWN
        return _STATES.get(found["status"], ExecutionState.ENDED)

    def stop(self, name: str, cause: str) -> None:
        """StopExecution; of one that has ended it changes nothing."""
        with unavailable_on_failure("Step Functions"):
            try:
                self._client.stop_execution(executionArn=self._arn(name), error="TaskCancelled", cause=cause)
            except self._client.exceptions.ExecutionDoesNotExist:
                return

    def _arn(self, name: str) -> str:
        return f"{self._machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


class StepFunctionsTokens:
    """`Tokens` of Step Functions."""

    def __init__(self, client: Any = None) -> None:
        self._client = client or new_client("stepfunctions")

    def succeed(self, token: str, output: str) -> None:
        """SendTaskSuccess."""
        with self._valid():
            self._client.send_task_success(taskToken=token, output=output)

    def fail(self, token: str, error: str, cause: str) -> None:
        """SendTaskFailure."""
        with self._valid():
            self._client.send_task_failure(taskToken=token, error=error, cause=cause)

    def beat(self, token: str) -> None:
        """SendTaskHeartbeat."""
        with self._valid():
            self._client.send_task_heartbeat(taskToken=token)

    @contextmanager
    def _valid(self) -> Generator[None]:
        known: Any = self._client.exceptions
        with unavailable_on_failure("Step Functions"):
            try:
                yield
            except (known.TaskDoesNotExist, known.TaskTimedOut, known.InvalidToken) as error:
                raise TokenExpired from error
