"""The Task state."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, Final, NoReturn

from asl.core.errors import DATA_LIMIT, TIMEOUT, BadArguments, StateFailed, TaskFailure
from asl.core.templates import Json, Template, compact
from asl.definition.model import Resource, TaskState
from asl.definition.resources import WAITING
from asl.execution.checkpoint import Checkpoint
from asl.execution.commands import Call, Command, HeartbeatMissed, Turn
from asl.execution.tasks import TaskRequest
from asl.jsonata import Frame
from asl.states.guard import guarded
from asl.states.visit import Transition, Visit, is_too_large, too_large

_LONGEST: Final = 99_999_999
_BOUNDS: Final = "{field} must be between 0 and 99999999 but was: {value}"


def run_task(visit: Visit, state: TaskState) -> Generator[Command, Any, Transition]:
    """Call the resource, as often as `Retry` allows."""

    def attempt(visit: Visit) -> Generator[Command, Any, Transition]:
        return _attempt(visit, state)

    def gave_up(failed: StateFailed) -> None:
        if visit.branch.in_parallel and failed.task and not state.catch:
            # No later event points to this one on AWS.
            before = visit.chain.last
            visit.run.history.emit(visit.chain, "TaskStateAborted")
            visit.chain.last = before

    return (yield from guarded(visit, state, attempt, gave_up))


def _attempt(visit: Visit, state: TaskState) -> Generator[Command, Any, Transition]:
    resumed = visit.resumed
    visit.resumed = None
    token = (resumed and resumed.token) or (visit.run.new_token() if state.resource.waits else None)
    if token is not None:
        visit.context = {**visit.context, "Task": {"Token": token}}
    frame = visit.frame()
    arguments = visit.arguments(frame) if state.arguments is None else visit.evaluate(state.arguments, frame)
    credentials = None if state.credentials is None else visit.evaluate(state.credentials, frame)
    timeout = _seconds(visit, state.timeout, frame)
    heartbeat = _seconds(visit, state.heartbeat, frame)
    events = _Events(visit, state.resource)
    if not _is_made(resumed):
        events.scheduled(arguments, timeout, heartbeat)
    request = TaskRequest(
        state=state.name,
        resource=state.resource,
        arguments=arguments,
        attempt=visit.retries,
        timeout=timeout,
        credentials=credentials,
        token=token,
    )
    call = Call(request, timeout)
    if token is not None:
        call = replace(_waiting(visit, request, timeout, heartbeat, resumed), passed_on=events.submitted)
    result = yield from _call(visit, events, call, timeout, heartbeat)
    return visit.leave(visit.frame(result=result), result, state.next, state.output, state.assign)


def _seconds(visit: Visit, template: Template | None, frame: Frame) -> int | None:
    return None if template is None else visit.whole(template, frame, 0, _BOUNDS, _LONGEST)


def _is_made(resumed: Checkpoint | None) -> bool:
    """Whether an earlier process has made the call that passes the token on: a token that is back was passed on."""
    return resumed is not None and (resumed.passed_on or resumed.result is not None)


def _waiting(
    visit: Visit, request: TaskRequest, timeout: int | None, heartbeat: int | None, resumed: Checkpoint | None
) -> Call:
    """The call that passes a token on. Resumed, it has the time that is left.

    A heartbeat begins anew: nobody could give a sign while no process ran.
    """
    now = visit.run.clock.now()
    if resumed is None or resumed.called is None:
        visit.keep(token=request.token, called=now)
        return Call(request, timeout, heartbeat)
    left = None if timeout is None else max(0.0, resumed.called + timeout - now)
    return Call(request, left, heartbeat, made=_is_made(resumed))


def _call(
    visit: Visit, events: "_Events", call: Call, timeout: int | None, heartbeat: int | None
) -> Generator[Command, Any, Json]:
    request = call.request
    # Nobody sends heartbeats without a token, so one that is due before the timeout is missed.
    missed = request.token is None and heartbeat is not None and (timeout is None or heartbeat < timeout)
    try:
        yield Turn()
        if not call.made:
            events.started()
        result = yield (replace(call, timeout=heartbeat) if missed else call)
    except GeneratorExit:
        visit.run.history.emit(visit.chain, "TaskStateAborted")
        raise
    except TimeoutError as error:
        events.timed_out(missed or isinstance(error, HeartbeatMissed))
    except TaskFailure as failure:
        events.failed(failure.error, failure.cause)
    except BadArguments as error:
        shown = compact(request.arguments)
        visit.fail_for_good(f"The Parameters '{shown}' could not be used to start the Task: [{error}]")
    if is_too_large(result):
        events.failed(DATA_LIMIT, too_large(events.source))
    events.succeeded(result)
    return result


class _Events:
    """The events of one attempt. A bare function ARN has other names and details."""

    def __init__(self, visit: Visit, resource: Resource) -> None:
        self._visit = visit
        self._resource = resource
        self._prefix = "LambdaFunction" if resource.is_function else "Task"
        action = resource.action + (WAITING if resource.waits else "")
        self._names: Mapping[str, str] = (
            {} if resource.is_function else {"resource": action, "resourceType": resource.service}
        )
        self.source = resource.arn if resource.is_function else resource.service

    def _emit(self, kind: str, **details: Any) -> None:
        self._visit.run.history.emit(self._visit.chain, self._prefix + kind, **self._names, **details)

    def scheduled(self, arguments: Json, timeout: int | None, heartbeat: int | None) -> None:
        details: dict[str, Any] = {} if timeout is None else {"timeoutInSeconds": timeout}
        if heartbeat is not None:
            details["heartbeatInSeconds"] = heartbeat
        if self._resource.is_function:
            self._emit("Scheduled", resource=self._resource.arn, input=arguments, **details)
        else:
            self._emit("Scheduled", region=self._visit.run.about.region, parameters=arguments, **details)

    def started(self) -> None:
        self._emit("Started")

    def submitted(self, result: Json) -> None:
        self._emit("Submitted", output=result)

    def succeeded(self, result: Json) -> None:
        self._emit("Succeeded", output=result)

    def failed(self, error: str | None, cause: str | None) -> NoReturn:
        self._emit("Failed", **present(error=error, cause=cause))
        raise StateFailed(error, cause, task=True)

    def timed_out(self, missed: bool) -> NoReturn:
        self._emit("TimedOut", error=TIMEOUT)
        raise StateFailed(TIMEOUT, None, task=True, missed=missed)


def present(**values: str | None) -> dict[str, str]:
    """The values that are not `None`."""
    return {key: value for key, value in values.items() if value is not None}
