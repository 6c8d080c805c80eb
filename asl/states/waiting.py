"""The Wait state."""

from collections.abc import Generator
from typing import Any, Final

from asl.core.errors import ExpressionFailed
from asl.core.times import parse_timestamp
from asl.definition.model import WaitState
from asl.execution.commands import Command
from asl.jsonata import Frame
from asl.states.visit import Transition, Visit

_NEGATIVE: Final = "{field} must be between 0 and 99999999 but was: {value}"


def run_wait(visit: Visit, state: WaitState) -> Generator[Command, Any, Transition]:
    """Wait, then pass on the input or the `Output`."""
    try:
        if not (yield from visit.rest()):
            yield from visit.pause(_seconds(visit, state, visit.frame()))
    except GeneratorExit:
        visit.run.history.emit(visit.chain, "WaitStateAborted")
        raise
    return visit.leave(visit.frame(), visit.effective, state.next, state.output, state.assign)


def _seconds(visit: Visit, state: WaitState, frame: Frame) -> float:
    if state.seconds is not None:
        # The value of an expression has no upper bound, unlike a number in the definition.
        return visit.whole(state.seconds, frame, 0, _NEGATIVE)
    assert state.timestamp is not None
    text = visit.evaluate(state.timestamp, frame, "string")
    moment = parse_timestamp(text)
    if moment is None:
        cause = f"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
        visit.fail_evaluation(ExpressionFailed(cause, "Timestamp"))
    return max(0.0, moment - visit.run.clock.now())
