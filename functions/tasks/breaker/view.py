"""The breaker as the API shows and changes it. Field descriptions are written for clients."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from functions.tasks import strict_json
from functions.tasks.breaker.control import BreakerStatus, PipeState
from functions.tasks.breaker.states import NEW, Rules, State, next_step_at
from functions.tasks.clock import timestamp
from functions.tasks.errors import BODY, FieldError, Invalid, field_errors

_STRICT = ConfigDict(extra="forbid", frozen=True)
_REJECTION = ("Invalid change", "The breaker was not changed.")


class BreakerChange(BaseModel):
    """A manual change of the breaker."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    state: Annotated[
        Literal["open", "closed"],
        Field(description="`open` stops the pipe until the breaker is closed manually; `closed` starts it again."),
    ]
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True),
        Field(min_length=1, max_length=500, description="Why; shown to everyone who reads the breaker."),
    ]


class PipeView(BaseModel):
    """A pipe, in the terms of EventBridge Pipes."""

    model_config = _STRICT

    current_state: Annotated[str, Field(description="Its current state: RUNNING, STOPPED, STARTING and so on.")]
    desired_state: Annotated[str, Field(description="Its desired state: RUNNING or STOPPED.")]
    state_reason: Annotated[str, Field(description="AWS's reason for the current state; often empty.")]


class LaneView(PipeView):
    """The pipe of one lane."""

    name: Annotated[str, Field(description="The name of the pipe.")]
    stopped: Annotated[bool, Field(description="Whether it is stopped although the breaker lets it run.")]
    waits: Annotated[
        bool,
        Field(description="Whether it must not run yet: the queues of the lanes before have not been empty so far."),
    ]


class BreakerView(BaseModel):
    """The breaker, and the pipes that it stops and starts."""

    model_config = _STRICT

    state: Annotated[
        State,
        Field(
            description="`closed`: tasks are processed. `open`: tasks wait. `half_open`: tasks are processed on trial."
        ),
    ]
    since: Annotated[
        str | None, Field(description="Since when: UTC, ISO 8601, milliseconds; null if it has never changed.")
    ] = None
    reason: Annotated[str, Field(description="Why it is in this state.")]
    by: Annotated[str, Field(description="What changed it: `alarm`, `schedule`, or the caller of the API.")]
    manual: Annotated[bool, Field(description="Whether it was opened manually: then it has to be closed manually.")]
    next_step_at: Annotated[
        str | None, Field(description="The earliest time at which it changes by itself; null when it does not.")
    ] = None
    pipe: Annotated[
        PipeView,
        Field(
            description="The pipe from the queue to the state machine. Of several lanes: one that should run and does "
            "not, or else the first."
        ),
    ]
    pipe_stopped: Annotated[
        bool,
        Field(description="Whether a pipe is stopped although the breaker lets it run, which needs an operator."),
    ]
    pipes: Annotated[list[LaneView], Field(description="The pipes of all lanes.")]


def parse_change(text: str) -> BreakerChange:
    """The change that a request body describes; `Invalid` names each wrong field."""
    try:
        return BreakerChange.model_validate(strict_json.loads(text))
    except ValidationError as error:
        raise Invalid(*_REJECTION, field_errors(error)) from error
    except ValueError as error:
        raise Invalid(*_REJECTION, [FieldError(field=BODY, message=str(error))]) from error


def view(status: BreakerStatus, rules: Rules) -> dict[str, Any]:
    """Breaker and pipe as a client reads them (`BreakerView` describes it)."""
    breaker = status.breaker
    due = next_step_at(breaker, rules)
    return {
        "state": breaker.state,
        "since": None if breaker == NEW else timestamp(breaker.since),
        "reason": breaker.reason,
        "by": breaker.by,
        "manual": breaker.manual,
        "next_step_at": timestamp(due) if due else None,
        "pipe": _pipe(status.pipe),
        "pipe_stopped": status.pipe_stopped,
        "pipes": [
            {"name": name, **_pipe(pipe), "stopped": name in status.stopped, "waits": name in status.waiting}
            for name, pipe in status.pipes.items()
        ],
    }


def _pipe(pipe: PipeState) -> dict[str, str]:
    return {"current_state": pipe.current, "desired_state": pipe.desired, "state_reason": pipe.reason}
